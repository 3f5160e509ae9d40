package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Fault;
import io.vertx.core.MultiMap;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
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
    for (var given : List.of("20.5", "null", "\"abc\"", "0", "101", "true", "[20]", "1e300")) {
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
}
