package dev.sluice.agent;

import com.grack.nanojson.JsonObject;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// All settings of an agent. [ConfigFile] reads them from YAML.
///
/// @param server   the gateway, `http` or `https`, perhaps with a path; the health-service, which has no artifacts, only where every `artifact_url` is absolute
/// @param access   who the agent is, or how it enrols
/// @param stateDir where it keeps its identity and what it is at; one agent each
/// @param modules  by module id; what the server says of other modules is ignored
public record AgentConfig(URI server, Access access, Path stateDir, Pace pace, Limits limits, Map<String, ModuleConfig> modules) {
  public AgentConfig {
    modules = Map.copyOf(modules);
  }

  /// How an agent comes to its identity.
  public sealed interface Access permits Enrolled, Enrolment {}

  /// It was enrolled by someone else.
  public record Enrolled(String id, String token) implements Access {
    @Override
    public String toString() { return "Enrolled[" + id + "]"; }
  }

  /// It enrols itself at its first start, and keeps what it gets.
  ///
  /// @param id    of the instance; empty lets the server choose
  /// @param name  for people; may be empty
  /// @param token of someone who may enrol instances; may be empty
  public record Enrolment(String templateId, String id, String name, Map<String, String> labels, String token) implements Access {
    public Enrolment {
      labels = Map.copyOf(labels);
    }

    JsonObject json() {
      var json = new JsonObject();
      json.put("template_id", templateId);
      if (!id.isEmpty()) json.put("id", id);
      if (!name.isEmpty()) json.put("name", name);
      if (!labels.isEmpty()) json.put("labels", labels);
      return json;
    }

    @Override
    public String toString() { return "Enrolment[" + templateId + ", " + id + "]"; }
  }

  /// How often the agent does what.
  ///
  /// @param heartbeat between heartbeats; zero leaves it to the server
  /// @param health    between runs of the health command; zero means with each heartbeat
  /// @param proof     between checks of the running release against its manifest
  /// @param longPoll  whether to hold a request open for instructions, so that they come at once
  public record Pace(Duration heartbeat, Duration health, Duration proof, boolean longPoll) {
    public static final Pace DEFAULT = new Pace(Duration.ZERO, Duration.ZERO, Duration.ofHours(1), true);
  }

  /// What an archive may cost at most.
  ///
  /// @param artifactBytes of the archive
  /// @param unpackedBytes of its files together
  /// @param entries       files, folders and links
  /// @param ratio         of unpacked to packed bytes, above the first 16 MB
  public record Limits(long artifactBytes, long unpackedBytes, int entries, int ratio) {
    public static final Limits DEFAULT = new Limits(2L << 30, 8L << 30, 100_000, 200);
  }

  /// A module on this host.
  ///
  /// @param dir    its folder, with `current` and `releases`
  /// @param apply  the command that makes the release at `current` run; empty for none
  /// @param health the command that ends with 0 where it runs well; empty for none
  public record ModuleConfig(Path dir, List<String> apply, List<String> health, Duration applyTimeout, Duration healthTimeout) {
    public static final Duration APPLY_TIMEOUT = Duration.ofMinutes(2);
    public static final Duration HEALTH_TIMEOUT = Duration.ofSeconds(10);

    public ModuleConfig {
      apply = List.copyOf(apply);
      health = List.copyOf(health);
    }
  }
}
