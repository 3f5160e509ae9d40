package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of a wish under an `Idempotency-Key` whose process dies, or is slow, or is asked twice at once: on a real PostgreSQL, with two processes' worth of
/// services.
class IdempotencyTest {
  private static final Node NODE = Node.alone();
  /// Ends a try as a death does: nothing is tidied up.
  private static final class Death extends Error {
    private static final long serialVersionUID = 1;
  }

  /// The steps of a try, told before each.
  private enum Step {
    BEFORE_COMMIT, AFTER_COMMIT
  }

  private interface Fate {
    void at(int replica, Step step) throws Exception;
  }

  private final HttpClient client = HttpClient.newHttpClient();
  private final List<Chassis> replicas = new ArrayList<>();
  private final List<Integer> ports = new ArrayList<>();
  private volatile Fate fate = (_, _) -> {};

  @BeforeEach
  void open() {
    var config = Real.config("planner");
    for (int i = 0; i < 2; i++) {
      int replica = i;
      var chassis = Chassis.open(NODE, config);
      replicas.add(chassis);
      ports.add(chassis.http("openapi/test.yaml").on("createThing", call -> {
        var id = call.attempt().ids().next();
        var token = call.attempt().ids().secret();
        if (!call.attempt().done()) {
          fate.at(replica, Step.BEFORE_COMMIT);
          chassis.db().doInTransaction(tx -> tx.query("insert into thing (id) values ($1)", id));
          fate.at(replica, Step.AFTER_COMMIT);
        }
        return Answer.created("/v1/things/" + id, Map.of("id", id, "token", token));
      }).on("getThing", _ -> Answer.noContent()).listen());
    }
    replicas.getFirst().db().query("create table thing (id text primary key)");
  }

  @AfterEach
  void close() {
    client.close();
    replicas.forEach(Chassis::close);
  }

  @AfterAll
  static void down() { NODE.close(); }

  @Test
  void who_died_after_the_commit_is_answered_for_with_the_same_id_and_secret() throws Exception {
    dies(Step.AFTER_COMMIT);
    assertThat(post(0, "k").statusCode()).isEqualTo(500);
    var id = things();
    assertThat(id).hasSize(1);

    lapse();
    var answer = post(1, "k");

    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.headers().firstValue("Location")).hasValue("/v1/things/" + id.getFirst());
    assertThat(things()).isEqualTo(id);
    assertThat(post(0, "k").body()).isEqualTo(answer.body());
    assertThat(replicas.getFirst().db().list("select seed from idempotency", r -> r.getString("seed"))).containsOnlyNulls();
  }

  @Test
  void who_died_before_the_commit_is_followed_by_another_try() throws Exception {
    dies(Step.BEFORE_COMMIT);
    assertThat(post(0, "k").statusCode()).isEqualTo(500);
    lapse();
    assertThat(post(1, "k").statusCode()).isEqualTo(201);
    assertThat(things()).hasSize(1);
  }

  @Test
  void who_is_only_slow_is_overtaken_and_writes_nothing() throws Exception {
    var begun = new CountDownLatch(1);
    var overtaken = new CountDownLatch(1);
    fate = (replica, step) -> {
      if (replica != 0 || step != Step.BEFORE_COMMIT) return;
      begun.countDown();
      assertThat(overtaken.await(100, TimeUnit.SECONDS)).isTrue();
    };
    var slow = CompletableFuture.supplyAsync(() -> postUnchecked(0, "k"));
    assertThat(begun.await(100, TimeUnit.SECONDS)).isTrue();
    lapse();
    var answer = post(1, "k");
    replicas.getFirst().db().query("delete from thing"); // so that nothing but the mark can stop him
    overtaken.countDown();

    assertThat(slow.get(100, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
    assertThat(things()).isEmpty();
    assertThat(post(0, "k").body()).isEqualTo(answer.body());
  }

  @Test
  void a_repeat_waits_for_the_one_that_is_under_way_wherever_it_comes() throws Exception {
    var begun = new CountDownLatch(1);
    fate = (_, step) -> {
      if (step != Step.AFTER_COMMIT) return;
      begun.countDown();
      Await.pause(Duration.ofSeconds(1));
    };
    var first = CompletableFuture.supplyAsync(() -> postUnchecked(0, "k"));
    assertThat(begun.await(100, TimeUnit.SECONDS)).isTrue();
    var repeats = List.of(CompletableFuture.supplyAsync(() -> postUnchecked(0, "k")),
        CompletableFuture.supplyAsync(() -> postUnchecked(1, "k")));
    for (var repeat : repeats)
      assertThat(repeat.get(100, TimeUnit.SECONDS).body()).isEqualTo(first.get().body());
    assertThat(first.get().statusCode()).isEqualTo(201);
    assertThat(things()).hasSize(1);
  }

  @Test
  void a_failure_after_the_commit_leaves_the_wish_done() throws Exception {
    fate = (_, step) -> {
      if (step == Step.AFTER_COMMIT) throw new Outage("the answer cannot be read", null);
    };
    assertThat(post(0, "k").statusCode()).isEqualTo(503);
    assertThat(post(1, "k").statusCode()).as("at once").isEqualTo(201);
    assertThat(things()).hasSize(1);
  }

  @Test
  void the_same_is_drawn_of_the_same_secret_and_moment_alone() {
    var now = Instant.parse("2026-01-01T00:00:00Z");
    var first = Ids.drawnFrom("secret", now);
    var draws = List.of(first.next(), first.secret(), first.next(), first.instanceToken());
    var again = Ids.drawnFrom("secret", now);
    assertThat(List.of(again.next(), again.secret(), again.next(), again.instanceToken())).isEqualTo(draws).doesNotHaveDuplicates();
    var other = Ids.drawnFrom("secre7", now);
    assertThat(List.of(other.next(), other.secret(), other.next(), other.instanceToken())).doesNotContainAnyElementsOf(draws);
    assertThat(draws.getFirst()).startsWith("019b76da-a800-7");
  }

  private void dies(Step at) {
    fate = (_, step) -> {
      if (step == at) {
        fate = (_, _) -> {};
        throw new Death();
      }
    };
  }

  /// So much time goes by that a try of another process counts no more.
  private void lapse() { replicas.getFirst().db().query("update idempotency set held_at = held_at - interval '11 seconds'"); }

  private List<String> things() { return replicas.getFirst().db().list("select id from thing", r -> r.getString("id")); }

  private HttpResponse<String> postUnchecked(int replica, String key) {
    try {
      return post(replica, key);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private HttpResponse<String> post(int replica, String key) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.get(replica) + "/v1/things/7"))
        .timeout(Duration.ofSeconds(100)).header("Content-Type", "application/json").header("Authorization", "Bearer t")
        .header("Idempotency-Key", key).POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"a\"}")).build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
