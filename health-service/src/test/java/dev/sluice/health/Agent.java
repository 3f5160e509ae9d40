package dev.sluice.health;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sluice.chassis.Json;
import dev.sluice.contract.VersionRef;
import java.util.concurrent.locks.LockSupport;

/// An agent as the wire sees it.
final class Agent {
  final String id;
  final String token;
  private Client client;
  private String boot = "boot-1";
  private long sequence;
  private VersionRef runs = World.OLD;
  private String state;
  private long generation;

  Agent(Client client, String id, String token) {
    this.client = client;
    this.id = id;
    this.token = token;
  }

  Agent to(Client other) {
    client = other;
    return this;
  }

  Agent boots(String id, long next) {
    boot = id;
    sequence = next - 1;
    return this;
  }

  Agent runs(VersionRef version) {
    runs = version;
    return this;
  }

  /// @param word null: reports no status
  Agent says(String word, long of) {
    state = word;
    generation = of;
    return this;
  }

  /// A heartbeat, told again where a replica that is busy says so, as an agent does.
  Client.Reply beat() { return tellUntilTaken(Json.text(body())); }

  Client.Reply tellUntilTaken(String body) {
    var reply = tell(body);
    for (int again = 0; reply.status() == 503 && again < 100; again++) {
      LockSupport.parkNanos(100_000_000);
      reply = tell(body);
    }
    return reply;
  }

  Client.Reply beatOnce() { return tell(Json.text(body())); }

  private Client.Reply tell(String body) { return client.post("/v1/instances/" + id + "/heartbeats", body, token); }

  /// A heartbeat's `desired`.
  JsonNode desired() {
    var reply = beat();
    if (reply.status() != 200) throw new IllegalStateException(reply.raw().body());
    return reply.body().path("desired").path(World.MODULE);
  }

  Client.Reply poll(int waitSec) { return client.get("/v1/instances/" + id + "/desired?wait_sec=" + waitSec, token); }

  /// The next heartbeat, for those that send it in their own way.
  ObjectNode body() {
    var body = Json.mapper().createObjectNode().put("boot_id", boot).put("sequence", ++sequence).put("agent_version", "1");
    var digests = body.putObject("running_module_digests");
    if (runs != null) digests.put(World.MODULE, runs.digest().value());
    if (state != null)
      body.putObject("module_status").putObject(World.MODULE).put("state", state).put("generation", generation).put("detail", "its words");
    return body;
  }
}
