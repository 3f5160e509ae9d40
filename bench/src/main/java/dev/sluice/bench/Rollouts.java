package dev.sluice.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.standalone.World;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.HdrHistogram.Histogram;

/// How long a rollout takes where every instance answers at once, and how long from the last evidence of a batch to the first instruction of the next. The
/// instances speak the real protocol, each over its own socket, in a process of their own.
final class Rollouts implements AutoCloseable {
  private final PrintStream out;
  private final Client client;
  private final Map<String, String> versions;
  private final int instances;
  private final Agents.Remote agents;

  Rollouts(PrintStream out, World world, int healthPort, int instances) throws IOException {
    this.out = out;
    this.instances = instances;
    this.client = new Client(world.gateway(), world.token());
    this.versions = client.catalog();
    this.agents = new Agents.Remote(healthPort, Client.digest("1.24.0"), client.enrol(instances));
  }

  void run() throws InterruptedException, IOException {
    await("/v1/fleet-summary?template_id=web", s -> s.path("reporting").asInt() == instances);
    out.printf("%,d instances in 5 batches              %6.2f s from started to completed%n", instances,
        rollout("1.26.0", 20, new Histogram(3)));
    var between = new Histogram(3);
    out.printf("%,d instances in 100 batches            %6.2f s%n", instances, rollout("1.24.0", 1, between));
    out.printf(
        "last evidence of a batch sent to first instruction of the next received: p50 %.1f ms, p99 %.1f ms, most %.1f ms (%d transitions)%n",
        between.getValueAtPercentile(50) / 1e3, between.getValueAtPercentile(99) / 1e3, between.getMaxValue() / 1e3,
        between.getTotalCount());
    out.println(Machine.line());
  }

  /// @param between gets the microseconds between batches
  /// @return seconds
  private double rollout(String version, int batchPct, Histogram between) throws InterruptedException, IOException {
    var plan = client.post("/v1/plans",
        Map.of("template_id", "web", "module_id", "nginx", "target_version_id", versions.get(version), "batch_pct", batchPct));
    var path = "/v1/rollouts/" + plan.path("rollout_id").asText();
    client.post("/v1/approval-requests/" + plan.path("approval_request_id").asText() + "/decision",
        Map.of("decision", "approve", "revision", 1));
    var done = await(path, r -> r.path("state").asText().startsWith("completed"));
    measure(path, between);
    return Duration.between(Instant.parse(done.path("started_at").asText()), Instant.parse(done.path("ended_at").asText())).toMillis()
        / 1e3;
  }

  private void measure(String rollout, Histogram between) throws IOException {
    var batches = batches(rollout);
    var first = new HashMap<Integer, Long>();
    var last = new HashMap<Integer, Long>();
    for (var one : agents.answered()) {
      int batch = batches.get("i" + one.instance());
      first.merge(batch, one.told(), Math::min);
      last.merge(batch, one.sent(), Math::max);
    }
    for (int batch = 1; batch < first.size(); batch++)
      between.recordValue(Math.max(1, (first.get(batch) - last.get(batch - 1)) / 1_000));
  }

  private Map<String, Integer> batches(String rollout) {
    var batches = new HashMap<String, Integer>();
    var cursor = "";
    do {
      var page = client.get(rollout + "/instances?limit=1000" + cursor);
      for (var member : page.path("instances"))
        batches.put(member.path("instance_id").asText(), member.path("batch_index").asInt());
      cursor = page.path("next_cursor").isTextual() ? "&cursor=" + page.path("next_cursor").asText() : "";
    } while (!cursor.isEmpty());
    return batches;
  }

  private JsonNode await(String path, Predicate<JsonNode> wished) throws InterruptedException {
    for (int i = 0; i < 1_200; i++) {
      var read = client.get(path);
      if (wished.test(read)) return read;
      Thread.sleep(100);
    }
    throw new IllegalStateException("not within 120 s: " + client.get(path));
  }

  @Override
  public void close() { agents.close(); }
}
