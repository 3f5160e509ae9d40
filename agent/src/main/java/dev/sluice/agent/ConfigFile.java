package dev.sluice.agent;

import dev.sluice.agent.AgentConfig.Access;
import dev.sluice.agent.AgentConfig.Enrolled;
import dev.sluice.agent.AgentConfig.Enrolment;
import dev.sluice.agent.AgentConfig.Limits;
import dev.sluice.agent.AgentConfig.ModuleConfig;
import dev.sluice.agent.AgentConfig.Pace;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.DuplicateKeyException;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// Reads the configuration of an agent from its YAML file. Strict: unknown and repeated keys are faults, and all faults come at once.
/// Relative folders are relative to the file.
public final class ConfigFile {
  private static final int DAY_SEC = 86_400;
  private final List<String> faults = new ArrayList<>();
  private final Path base;

  private ConfigFile(Path base) { this.base = base; }

  /// @throws ConfigException with a line for each fault
  public static AgentConfig read(Path file) throws ConfigException {
    Object tree;
    try {
      tree = new Load(LoadSettings.builder().setLabel(file.toString()).setAllowDuplicateKeys(false).build())
          .loadFromString(Files.readString(file));
    } catch (NoSuchFileException missing) {
      throw new ConfigException(List.of("cannot read " + file + ": there is no such file"));
    } catch (AccessDeniedException denied) {
      throw new ConfigException(List.of("cannot read " + file + ": permission denied"));
    } catch (CharacterCodingException e) {
      throw new ConfigException(List.of("cannot read " + file + ": it is not UTF-8"));
    } catch (IOException e) {
      throw new ConfigException(List.of("cannot read " + file + ": " + e.getMessage()));
    } catch (YamlEngineException e) {
      throw new ConfigException(List.of(file + " is not YAML" + where(e)));
    }
    var reading = new ConfigFile(file.toAbsolutePath().getParent());
    AgentConfig config = reading.agent(new YamlMap("", tree, reading.faults));
    if (!reading.faults.isEmpty()) throw new ConfigException(reading.faults);
    return config;
  }

  /// Without the line itself, and without what was found in it: that may be a token.
  private static String where(YamlEngineException failure) {
    if (!(failure instanceof MarkedYamlEngineException marked) || marked.getProblemMark().isEmpty()) return "";
    Mark mark = marked.getProblemMark().get();
    String what = failure instanceof DuplicateKeyException ? ": a key for the second time" : "";
    return ": line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1) + what;
  }

  private AgentConfig agent(YamlMap top) {
    URI server = server(top.text("server"));
    Path stateDir = folder(top, "state_dir");
    Access access = access(top);
    var pace = new Pace(top.seconds("heartbeat_sec", 0, 0, DAY_SEC), top.seconds("health_interval_sec", 0, 0, DAY_SEC),
        top.seconds("proof_interval_sec", 3600, 1, 30 * DAY_SEC), top.flag("long_poll", true));
    YamlMap bounds = top.map("limits", true);
    var limits = new Limits(bounds.integer("artifact_mb", Limits.DEFAULT.artifactBytes() >> 20, 1, 1 << 20) << 20,
        bounds.integer("unpacked_mb", Limits.DEFAULT.unpackedBytes() >> 20, 1, 1 << 20) << 20,
        (int) bounds.integer("entries", Limits.DEFAULT.entries(), 1, 10_000_000),
        (int) bounds.integer("ratio", Limits.DEFAULT.ratio(), 1, 100_000));
    bounds.nothingElse();
    Map<String, ModuleConfig> modules = modules(top.map("modules", false));
    top.nothingElse();
    return new AgentConfig(server, access, stateDir, pace, limits, modules);
  }

  private Access access(YamlMap top) {
    top.ignore("enroll", "id", "token");
    boolean enrols = top.has("enroll");
    if (enrols == (top.has("id") || top.has("token")))
      faults.add("give either id and token (an instance that is enrolled already) or enroll (one that enrols itself)");
    if (!enrols) return new Enrolled(id(top, "id", top.has("token") ? null : ""), top.secret("token", top.has("id") ? null : ""));
    YamlMap enroll = top.map("enroll", false);
    var enrolment = new Enrolment(id(enroll, "template_id", null), id(enroll, "id", ""), enroll.text("name", ""), labels(enroll),
        enroll.secret("token", ""));
    enroll.nothingElse();
    return enrolment;
  }

  private static Map<String, String> labels(YamlMap enroll) {
    YamlMap labels = enroll.map("labels", true);
    Map<String, String> values = new LinkedHashMap<>();
    for (String label : labels.keys())
      values.put(label, labels.text(label));
    return values;
  }

  private String id(YamlMap map, String key, String absent) {
    String id = map.text(key, absent);
    if (!id.isEmpty() && !id.matches("[A-Za-z0-9._:-]{1,128}"))
      faults.add(map.name(key) + ": an id has 1 to 128 of A-Z a-z 0-9 . _ : -; given \"" + id + "\"");
    return id;
  }

  private Map<String, ModuleConfig> modules(YamlMap map) {
    Map<String, ModuleConfig> modules = new LinkedHashMap<>();
    Set<Path> folders = new HashSet<>();
    for (String module : map.keys()) {
      if (!module.matches("[A-Za-z0-9._:-]{1,128}")) faults.add(map.name(module) + ": not a module id");
      YamlMap one = map.map(module, false);
      Path dir = folder(one, "dir");
      if (!folders.add(dir)) faults.add(one.name("dir") + ": another module has this folder");
      modules.put(module, new ModuleConfig(dir, one.words("apply"), one.words("health"),
          one.seconds("apply_timeout_sec", (int) ModuleConfig.APPLY_TIMEOUT.toSeconds(), 1, DAY_SEC),
          one.seconds("health_timeout_sec", (int) ModuleConfig.HEALTH_TIMEOUT.toSeconds(), 1, DAY_SEC)));
      one.nothingElse();
    }
    if (modules.isEmpty()) faults.add("modules: name at least one module");
    return modules;
  }

  private URI server(String text) {
    try {
      URI uri = URI.create(text);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getPort() <= 65_535) return uri;
    } catch (IllegalArgumentException e) {
      // said below
    }
    if (!text.isEmpty()) faults.add("server: an address like http://127.0.0.1:8080; given \"" + text + "\"");
    return URI.create("http://invalid");
  }

  private Path folder(YamlMap map, String key) {
    String text = map.text(key);
    try {
      return base.resolve(text).normalize();
    } catch (InvalidPathException e) {
      faults.add(map.name(key) + ": no path on this host (" + e.getReason() + "); given \"" + text + "\"");
      return base;
    }
  }
}
