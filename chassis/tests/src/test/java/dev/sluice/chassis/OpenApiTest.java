package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.contract.Fault;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OpenApiTest {
  private final OpenApi document = OpenApi.load("openapi/test.yaml");
  private final OpenApi.Operation operation = document.operations().stream().filter(o -> o.id().equals("createThing")).findFirst()
      .orElseThrow();

  private List<Fault> faults(String body) { return document.faults(operation, new JsonObject(body)); }

  @Test
  void lets_through_what_fits() {
    assertThat(faults("{\"name\":\"a\",\"batch_pct\":20,\"parts\":[{\"id\":\"x\"}]}")).isEmpty();
  }

  @Test
  void names_every_fault_at_once_with_its_range_and_what_was_given() {
    assertThat(faults("{\"batch_pct\":\"20\",\"order\":\"up\",\"colour\":\"red\",\"parts\":[{\"id\":\"x\"},{\"id\":5,\"y\":1}]}"))
        .containsExactlyInAnyOrder(
            new Fault("batch_pct", "must be an integer from 1 to 100", "20"),
            new Fault("colour", "is not a field here", "red"),
            new Fault("name", "is required: it must be a string of 1 to 10 characters", null),
            new Fault("order", "must be one of asc, desc", "up"),
            new Fault("parts.1.id", "must be a string", 5),
            new Fault("parts.1.y", "is not a field here", 1));
  }

  @Test
  void refuses_fractions_nulls_and_words_for_an_integer() {
    for (var given : List.of("20.5", "20.0", "2e1", "null", "\"abc\"", "0", "101", "true", "[20]", "1e300")) {
      assertThat(faults("{\"name\":\"a\",\"batch_pct\":" + given + "}")).as(given).singleElement()
          .satisfies(f -> assertThat(f.field() + " " + f.message()).isEqualTo("batch_pct must be an integer from 1 to 100"));
    }
  }

  @Test
  void checks_the_query_too() {
    var faults = new ArrayList<Fault>();
    var query = MultiMap.caseInsensitiveMultiMap().add("limit", "2000").add("q", "x").add("other", "1");
    assertThat(document.query(operation, query, faults)).containsOnlyKeys("q");
    assertThat(faults).extracting(Fault::field).containsExactlyInAnyOrder("limit", "other");
  }

  @Test
  void refuses_a_parameter_that_is_given_twice() {
    var faults = new ArrayList<Fault>();
    document.query(operation, MultiMap.caseInsensitiveMultiMap().add("limit", "2").add("limit", "3"), faults);
    assertThat(faults).containsExactly(new Fault("limit", "must be given once", List.of("2", "3")));
  }

  @Test
  void checks_the_ids_of_the_path() {
    for (var given : List.of("A", "a b", "", "a\n", "\0", "abcdefghijk")) {
      var faults = new ArrayList<Fault>();
      document.ids(operation, Map.of("id", given), faults);
      assertThat(faults).as(given).extracting(Fault::field).containsExactly("id");
    }
  }

  @Test
  void names_fields_as_they_were_written() {
    assertThat(faults("{\"name\":\"a\",\"größe\":1,\"a/b~c\":2,\"labels\":{\"k8s.io/zone\":5,\"a+b %\":6}}")).containsExactlyInAnyOrder(
        new Fault("größe", "is not a field here", 1), new Fault("a/b~c", "is not a field here", 2),
        new Fault("labels.k8s.io/zone", "must be a string", 5), new Fault("labels.a+b %", "must be a string", 6));
  }

  @Test
  void says_which_limit_of_a_list_or_of_names_was_broken() {
    assertThat(faults("{\"name\":\"a\",\"tags\":[\"a\",\"a\"]}")).extracting(Fault::message).containsExactly(
        "must be an array of 0 to 3 different items");
    assertThat(faults("{\"name\":\"a\",\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}")).extracting(Fault::message)
        .containsExactly("must be an object of 0 to 2 fields");
    assertThat(faults("{\"name\":\"a\",\"labels\":{\"a:b\":\"1\"}}")).containsExactly(
        new Fault("labels.a:b", "as a name must be a string that matches ^[^:]*$", "a:b"));
  }

  /// A name may begin with another one and a dot.
  @Test
  void no_fault_hides_another() {
    assertThat(faults("{\"name\":5,\"name.x\":1}")).extracting(Fault::field).containsExactly("name", "name.x");
    assertThat(faults("{\"name\":\"a\",\"labels\":{\"app\":1,\"app.version\":2}}")).extracting(Fault::field)
        .containsExactly("labels.app", "labels.app.version");
    assertThat(faults("{\"name\":\"a\",\"tags\":[1,\"b\",\"c\",\"d\"],\"labels\":{\"a\":\"1\",\"b\":2,\"c:\":\"3\"}}"))
        .extracting(Fault::field).containsExactly("labels", "labels.b", "labels.c:", "tags", "tags.0");
    assertThat(faults("{\"name\":\"a\",\"parts\":[{}, 7]}")).extracting(Fault::field).containsExactly("parts.0.id", "parts.1");
  }

  @Test
  void a_body_that_would_take_long_to_judge_is_refused_unread_and_no_answer_is_endless() {
    var many = IntStream.range(0, 4_000).mapToObj(i -> "\"f" + i + "\":1").collect(Collectors.joining(",", "{", "}"));
    assertThat(faults(many)).hasSize(101).last().isEqualTo(new Fault("body", "has 3901 more faults", null));
    for (var heavy : List.of("{\"tags\":[" + "1,".repeat(5_000) + "1]}", "{\"tags\":" + "[".repeat(40) + "]".repeat(40) + "}"))
      assertThat(faults(heavy)).containsExactly(new Fault("body", "must have at most 5000 values, in each other at most 32 deep", null));
  }

  @Test
  void a_name_with_a_control_character_is_refused_and_breaks_nothing() {
    assertThat(faults("{\"name\":\"a\",\"labels\":{\"a\\t\":5}}")).extracting(Fault::field).containsExactly("labels");
  }

  @Test
  void checks_the_head() {
    var faults = new ArrayList<Fault>();
    document.headers(operation, name -> name.equals("X-Via") ? "Model" : null, faults);
    assertThat(faults).containsExactly(new Fault("X-Via", "must be one of model, person", "Model"));
    document.headers(operation, _ -> null, faults);
    assertThat(faults).hasSize(1);
  }

  @Test
  void refuses_text_that_nothing_can_keep() {
    assertThat(faults("{\"name\":\"a\\u0000\",\"batch_pct\":0}")).extracting(Fault::field).containsExactly("batch_pct", "name");
    assertThat(faults("{\"name\":\"a\\u0000\",\"parts\":[{\"id\":\"\\ud800\"}]}")).extracting(Fault::field).containsExactly("name",
        "parts.0.id");
    assertThat(faults("{\"name\":\"a\",\"b\\u0000\":1}")).extracting(Fault::field).containsExactly("body");
    assertThat(faults("{\"name\":\"\\ud83d\\ude00\"}")).isEmpty();
  }

  @Test
  void a_body_is_one_json_object_without_a_name_twice() {
    for (var given : List.of("", "null", "[]", "7", "{", "{\"a\":1} {}", "{\"a\":1,\"a\":2}", "[".repeat(5_000)))
      assertThatThrownBy(() -> Json.object(Buffer.buffer(given))).as(given).isInstanceOf(IllegalArgumentException.class);
    assertThat(Json.object(Buffer.buffer("{\"a\":{\"b\":[1]}}"))).isEqualTo(Map.of("a", Map.of("b", List.of(1))));
  }
}
