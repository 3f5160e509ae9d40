package dev.sluice.health.api;

import dev.sluice.chassis.Ids;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.sluice.contract.Fault;
import dev.sluice.health.domain.InstanceStatus;
import dev.sluice.health.domain.ModuleStatus;
import dev.sluice.health.domain.Observation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Reads heartbeats, token by token: the call that comes in floods. It lets in what the document's `Heartbeat` does, says all faults at once, and passes over fields
/// that it does not know. At the first module too many, and at [#FAULTS] faults, it reads no further. One use each.
final class HeartbeatReader {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int MODULES = 256;
  private static final int DETAIL = 4_096;
  private static final int FAULTS = 50;
  /// Digests are few and come often: equal ones become one string.
  private static final ConcurrentHashMap<String, String> DIGESTS = new ConcurrentHashMap<>();
  private static final int DIGESTS_KEPT = 10_000;

  private final List<Fault> faults = new ArrayList<>(0);
  private String bootId;
  private Long sequence;
  private Map<String, String> digests;
  private Map<String, ModuleStatus> statuses = Map.of();
  private String agentVersion;
  private InstanceStatus status = InstanceStatus.RUNNING;
  private boolean enough;

  /// What is wrong with what was read; empty if it fits.
  List<Fault> faults() { return faults; }

  /// @return null where something is wrong
  Heartbeat read(byte[] body) {
    try (var in = JSON.createParser(body)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        fault("body", "must be a JSON object", null);
        return null;
      }
      while (!enough && in.nextToken() != JsonToken.END_OBJECT)
        field(in);
      if (enough) return null;
      if (in.nextToken() != null) fault("body", "must be one JSON object", null);
    } catch (IOException e) { // broken, deeper or longer than is read, or in no encoding of Unicode
      fault("body", "must be JSON: " + (e instanceof JsonProcessingException broken ? broken.getOriginalMessage() : e.getMessage()), null);
      return null;
    }
    if (bootId == null && clean("boot_id")) fault("boot_id", "is required: it must be a string of 1 to 128 characters", null);
    if (sequence == null && clean("sequence")) fault("sequence", "is required: it must be an integer of at least 0", null);
    return faults.isEmpty() ? new Heartbeat(bootId, sequence, new Observation(status, agentVersion, digests, statuses)) : null;
  }

  private boolean clean(String field) { return faults.stream().noneMatch(f -> f.field().equals(field)); }

  private void field(JsonParser in) throws IOException {
    var name = in.currentName();
    in.nextToken();
    switch (name) {
      case "boot_id" -> bootId = text(in, name, 1, 128);
      case "sequence" -> sequence = count(in, name);
      case "running_module_digests" -> digests(in);
      case "module_status" -> statuses(in);
      case "agent_version" -> agentVersion = text(in, name, 0, 64);
      case "status" -> status(in);
      default -> in.skipChildren(); // such as the type of a socket's frame
    }
  }

  private String text(JsonParser in, String field, int min, int max) throws IOException {
    if (in.currentToken() == JsonToken.VALUE_STRING) {
      var text = in.getText();
      if (text.length() >= min && text.length() <= max && text.indexOf('\0') < 0) return text;
    }
    fault(field, "must be a string of " + min + " to " + max + " characters", given(in));
    return null;
  }

  private Long count(JsonParser in, String field) throws IOException {
    if (in.currentToken() == JsonToken.VALUE_NUMBER_INT && in.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
      long value = in.getLongValue();
      if (value >= 0) return value;
    }
    fault(field, "must be an integer of at least 0", given(in));
    return null;
  }

  private void status(JsonParser in) throws IOException {
    var word = in.currentToken() == JsonToken.VALUE_STRING ? in.getText() : "";
    switch (word) {
      case "starting" -> status = InstanceStatus.STARTING;
      case "running" -> status = InstanceStatus.RUNNING;
      case "stopped" -> status = InstanceStatus.STOPPED;
      default -> fault("status", "must be one of starting, running, stopped", given(in));
    }
  }

  private void digests(JsonParser in) throws IOException {
    if (!object(in, "running_module_digests")) return;
    Map<String, String> read = null;
    String first = null;
    String firstDigest = null;
    int n = 0;
    while (!enough && in.nextToken() != JsonToken.END_OBJECT) {
      var module = module(in, "running_module_digests");
      if (module == null || tooMany(++n, "running_module_digests")) continue;
      var digest = digest(in, module);
      if (n == 1) {
        first = module;
        firstDigest = digest;
      } else {
        if (read == null) {
          read = new HashMap<>();
          read.put(first, firstDigest);
        }
        read.put(module, digest);
      }
    }
    if (faults.isEmpty()) digests = n == 0 ? Map.of() : read == null ? Map.of(first, firstDigest) : read;
  }

  /// The name of a member, which must be the id of a module: it becomes part of keys in the database. Goes on to its value.
  ///
  /// @return null where it is none; its value is passed over
  private String module(JsonParser in, String field) throws IOException {
    var name = in.currentName();
    in.nextToken();
    if (Ids.isId(name)) return name;
    fault(field, "must have ids of modules as its members: 1 to 128 characters of A-Z a-z 0-9 . _ : -", given(name));
    in.skipChildren();
    return null;
  }

  private boolean tooMany(int modules, String field) {
    if (modules <= MODULES) return false;
    fault(field, "must be an object of at most " + MODULES + " modules", null);
    enough = true;
    return true;
  }

  private static String given(String name) { return name.substring(0, Math.min(128, name.length())); }

  private String digest(JsonParser in, String module) throws IOException {
    if (in.currentToken() == JsonToken.VALUE_STRING) {
      var text = in.getText();
      if (isDigest(text)) {
        var known = DIGESTS.get(text);
        if (known != null) return known;
        if (DIGESTS.size() < DIGESTS_KEPT) DIGESTS.putIfAbsent(text, text);
        return text;
      }
    }
    fault("running_module_digests." + module, "must be a string that matches ^sha256:[0-9a-f]{64}$", given(in));
    return null;
  }

  private static boolean isDigest(String text) {
    if (text.length() != 71 || !text.startsWith("sha256:")) return false;
    for (int i = 7; i < 71; i++) {
      char c = text.charAt(i);
      if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) return false;
    }
    return true;
  }

  private void statuses(JsonParser in) throws IOException {
    if (!object(in, "module_status")) return;
    var read = new HashMap<String, ModuleStatus>();
    int n = 0;
    while (!enough && in.nextToken() != JsonToken.END_OBJECT) {
      var module = module(in, "module_status");
      if (module == null || tooMany(++n, "module_status")) continue;
      if (object(in, "module_status." + module)) {
        var one = moduleStatus(in, "module_status." + module);
        if (one != null) read.put(module, one);
      }
    }
    statuses = read;
  }

  private ModuleStatus moduleStatus(JsonParser in, String field) throws IOException {
    int before = faults.size();
    ModuleStatus.State state = null;
    Long generation = null;
    String detail = null;
    while (!enough && in.nextToken() != JsonToken.END_OBJECT) {
      var name = in.currentName();
      in.nextToken();
      switch (name) {
        case "state" -> state = state(in, field + ".state");
        case "generation" -> generation = count(in, field + ".generation");
        case "detail" -> detail = text(in, field + ".detail", 0, DETAIL);
        default -> in.skipChildren();
      }
    }
    if (state == null && clean(field + ".state"))
      fault(field + ".state", "is required: it must be one of applying, healthy, unhealthy, apply_failed", null);
    if (generation == null && clean(field + ".generation"))
      fault(field + ".generation", "is required: it must be an integer of at least 0", null);
    return state == null || generation == null || faults.size() > before ? null : new ModuleStatus(state, generation, detail);
  }

  private ModuleStatus.State state(JsonParser in, String field) throws IOException {
    var word = in.currentToken() == JsonToken.VALUE_STRING ? in.getText() : "";
    return switch (word) {
      case "applying" -> ModuleStatus.State.APPLYING;
      case "healthy" -> ModuleStatus.State.HEALTHY;
      case "unhealthy" -> ModuleStatus.State.UNHEALTHY;
      case "apply_failed" -> ModuleStatus.State.APPLY_FAILED;
      default -> {
        fault(field, "must be one of applying, healthy, unhealthy, apply_failed", given(in));
        yield null;
      }
    };
  }

  private boolean object(JsonParser in, String field) throws IOException {
    if (in.currentToken() == JsonToken.START_OBJECT) return true;
    fault(field, "must be an object", given(in));
    return false;
  }

  /// The value that was given, for the fault; passes over objects and lists.
  private static Object given(JsonParser in) throws IOException {
    return switch (in.currentToken()) {
      case VALUE_STRING -> in.getText().length() > 200 ? in.getText().substring(0, 200) : in.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> in.getNumberValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> {
        boolean list = in.currentToken() == JsonToken.START_ARRAY;
        in.skipChildren();
        yield list ? List.of() : Map.of();
      }
    };
  }

  private void fault(String field, String message, Object given) {
    if (enough) return;
    faults.add(new Fault(field, message, given));
    enough = faults.size() == FAULTS;
  }
}
