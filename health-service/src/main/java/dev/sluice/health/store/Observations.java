package dev.sluice.health.store;

import dev.sluice.contract.Words;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.sluice.health.domain.InstanceStatus;
import dev.sluice.health.domain.ModuleStatus;
import dev.sluice.health.domain.Observation;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// Observations as columns: digests and statuses as JSON in the order of their keys, so that equal ones are equal texts, and one hash over all.
final class Observations {
  private static final JsonFactory JSON = new JsonFactory();

  private Observations() {}

  static String digests(Map<String, String> digests) {
    if (digests == null) return null;
    if (digests.isEmpty()) return "{}";
    return written(out -> {
      for (var entry : new TreeMap<>(digests).entrySet())
        out.writeStringField(entry.getKey(), entry.getValue());
    });
  }

  static String statuses(Map<String, ModuleStatus> statuses) {
    if (statuses.isEmpty()) return "{}";
    return written(out -> {
      for (var entry : new TreeMap<>(statuses).entrySet()) {
        out.writeObjectFieldStart(entry.getKey());
        out.writeStringField("state", Words.of(entry.getValue().state()));
        out.writeNumberField("generation", entry.getValue().generation());
        if (entry.getValue().detail() != null) out.writeStringField("detail", entry.getValue().detail());
        out.writeEndObject();
      }
    });
  }

  static Map<String, String> digests(String json) {
    if (json == null) return null;
    var digests = new HashMap<String, String>();
    read(json, (name, in) -> digests.put(name, in.getText()));
    return digests;
  }

  static Map<String, ModuleStatus> statuses(String json) {
    if (json.equals("{}")) return Map.of();
    var statuses = new HashMap<String, ModuleStatus>();
    read(json, (name, in) -> {
      String state = null;
      String detail = null;
      long generation = 0;
      while (in.nextToken() != JsonToken.END_OBJECT) {
        var field = in.currentName();
        in.nextToken();
        switch (field) {
          case "state" -> state = in.getText();
          case "generation" -> generation = in.getLongValue();
          default -> detail = in.getText();
        }
      }
      statuses.put(name, new ModuleStatus(Words.read(ModuleStatus.State.class, String.valueOf(state)), generation, detail));
    });
    return statuses;
  }

  static String status(InstanceStatus status) { return Words.of(status); }

  static InstanceStatus status(String word) { return Words.read(InstanceStatus.class, word); }

  /// 64 bits for all that an observation says; never 0, which stands for nothing heard.
  static long hash(Observation seen) {
    long hash = 0xcbf29ce484222325L;
    hash = mix(hash, seen.status().name());
    hash = mix(hash, seen.agentVersion());
    hash = mix(hash, digests(seen.digests()));
    hash = mix(hash, statuses(seen.statuses()));
    return hash == 0 ? 1 : hash;
  }

  /// FNV-1a, 64 bit.
  private static long mix(long hash, String text) {
    var value = text == null ? "\u0000" : text;
    for (int i = 0; i < value.length(); i++)
      hash = (hash ^ value.charAt(i)) * 0x100000001b3L;
    return (hash ^ 0xffff) * 0x100000001b3L;
  }

  private interface Fields {
    void write(JsonGenerator out) throws IOException;
  }

  private interface Field {
    void read(String name, JsonParser in) throws IOException;
  }

  private static String written(Fields fields) {
    var text = new StringWriter();
    try (var out = JSON.createGenerator(text)) {
      out.writeStartObject();
      fields.write(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void read(String json, Field field) {
    try (var in = JSON.createParser(json)) {
      in.nextToken();
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        var name = in.currentName();
        in.nextToken();
        field.read(name, in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
