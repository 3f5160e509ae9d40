package dev.sluice.bench;

import dev.sluice.chassis.Json;
import dev.sluice.sandbox.Login;
import dev.sluice.standalone.World;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// How many heartbeats a second one process answers, beside a bare Vert.x server that parses the same body and beside PostgreSQL writing the same rows.
/// All run one after the other in this process on the same cores, which the load shares; the first two in turns, since a machine is not equally fast all the
/// time.
final class Heartbeats {
  private static final int CONNECTIONS = 32;
  private static final int TURNS = 3;
  private static final Duration WARM_UP = Duration.ofSeconds(8);
  private static final Duration WARM_AGAIN = Duration.ofSeconds(2);
  private static final Duration MEASURED = Duration.ofSeconds(10);
  private final PrintStream out;
  private final AtomicInteger next = new AtomicInteger();

  Heartbeats(PrintStream out) {
    this.out = out;
  }

  void run(World world, int healthPort, int instances) throws Exception {
    var client = new Client(world.gateway(), world.token());
    client.catalog();
    var tokens = client.enrol(instances);
    var heads = new Buffer[instances];
    for (int i = 0; i < instances; i++) {
      heads[i] = Buffer.buffer("POST /v1/instances/i" + i + "/heartbeats HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + tokens[i]
          + "\r\nContent-Type: application/json\r\nContent-Length: ");
    }
    int port = bareServer();
    var shares = new double[TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
      var bare = load(port, turn, heads);
      out.printf("bare Vert.x server, same body parsed   %,10.0f /s   (%d refused)%n", bare.perSecond(), bare.bad());
      var ours = load(healthPort, turn, heads);
      shares[turn] = 100 * ours.perSecond() / bare.perSecond();
      out.printf("health-service, %,7d instances       %,10.0f /s   (%d refused)   %.0f %% of the bare server%n", instances,
          ours.perSecond(), ours.bad(), shares[turn]);
    }
    Arrays.sort(shares);
    out.printf("in the middle of %d turns                %.0f %% of the bare server%n", TURNS, shares[TURNS / 2]);
    out.println(Machine.line());
  }

  /// One turn. The sequences go on from turn to turn, since what was heard already is not heard again.
  private Load.Result load(int port, int turn, Buffer[] heads) throws InterruptedException {
    try (var load = new Load()) {
      return load.run(port, CONNECTIONS, turn == 0 ? WARM_UP : WARM_AGAIN, MEASURED, () -> request(heads, next.getAndIncrement()));
    }
  }

  /// PostgreSQL writing the rows that heartbeats become, 5,000 in a statement, each committed.
  void rows(Login login) throws SQLException {
    try (Connection connection = DriverManager.getConnection(login.jdbcUrl(), login.user(), login.password());
        var statement = connection.createStatement()) {
      statement.execute("create table bench_heartbeat (id text primary key, boot text, sequence bigint, at timestamptz, digests jsonb)");
      try (var upsert = connection.prepareStatement("""
          insert into bench_heartbeat select 'i' || n, 'b', ?, now(), '{"nginx": "sha256:00"}' from generate_series(?, ? + 4999) n
          on conflict (id) do update set sequence = excluded.sequence, at = excluded.at, digests = excluded.digests
          """)) {
        long began = System.nanoTime();
        int rounds = 0;
        while (System.nanoTime() - began < MEASURED.toNanos()) {
          upsert.setLong(1, rounds);
          upsert.setInt(2, rounds % 2 * 5_000);
          upsert.setInt(3, rounds % 2 * 5_000);
          upsert.executeUpdate();
          rounds++;
        }
        out.printf("PostgreSQL, the same rows              %,10.0f /s%n", rounds * 5_000 / ((System.nanoTime() - began) / 1e9));
      } finally {
        statement.execute("drop table bench_heartbeat");
      }
    }
  }

  private static Buffer request(Buffer[] heads, int n) {
    var body = "{\"boot_id\":\"b1\",\"sequence\":" + (n / heads.length + 1) + ",\"running_module_digests\":{\"nginx\":\"" + DIGEST
        + "\"},\"module_status\":{\"nginx\":{\"state\":\"healthy\",\"generation\":1}},\"agent_version\":\"0.1.0\"}";
    return heads[n % heads.length].copy().appendString(body.length() + "\r\n\r\n" + body);
  }

  private static final String DIGEST = Client.digest("1.24.0");

  private static int bareServer() {
    var vertx = Vertx.vertx();
    vertx.deployVerticle(Bare::new, new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors())).toCompletionStage()
        .toCompletableFuture().join();
    return Bare.port;
  }

  /// Parses the body into a map and answers a constant.
  static final class Bare extends AbstractVerticle {
    static volatile int port;
    private static final Buffer ANSWER = Json.buffer(Map.of("next_heartbeat_sec", 30, "desired", Map.of()));

    @Override
    public void start(Promise<Void> started) {
      vertx.createHttpServer().requestHandler(request -> request.bodyHandler(body -> {
        if (Json.map(body.toString()).containsKey("boot_id")) request.response().putHeader("Content-Type", "application/json").end(ANSWER);
        else
          request.response().setStatusCode(400).end();
      })).listen(port, "127.0.0.1").onSuccess(server -> {
        port = server.actualPort();
        started.complete();
      }).onFailure(started::fail);
    }
  }
}
