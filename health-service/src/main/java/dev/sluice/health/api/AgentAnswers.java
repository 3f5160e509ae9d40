package dev.sluice.health.api;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.sluice.chassis.Json;
import dev.sluice.health.ingest.Assigned;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/// What agents are answered, as bytes.
final class AgentAnswers {
  private final int intervalSec;
  private final Buffer nothingNew;

  AgentAnswers(int intervalSec) {
    this.intervalSec = intervalSec;
    this.nothingNew = written(out -> {
      out.writeNumberField("next_heartbeat_sec", intervalSec);
      desired(out, List.of());
    });
  }

  int intervalSec() { return intervalSec; }

  Buffer heartbeat(List<Assigned> told) {
    // the one for all: copied on write by nobody, read by many
    if (told.isEmpty()) return nothingNew;
    return written(out -> {
      out.writeNumberField("next_heartbeat_sec", intervalSec);
      desired(out, told);
    });
  }

  Buffer desired(List<Assigned> told) { return written(out -> desired(out, told)); }

  Buffer heardFrame(long sequence, List<Assigned> told) {
    return written(out -> {
      out.writeStringField("type", "heard");
      out.writeNumberField("sequence", sequence);
      out.writeNumberField("next_heartbeat_sec", intervalSec);
      desired(out, told);
    });
  }

  Buffer desiredFrame(List<Assigned> told) {
    return written(out -> {
      out.writeStringField("type", "desired");
      desired(out, told);
    });
  }

  private static void desired(JsonGenerator out, List<Assigned> told) throws IOException {
    out.writeObjectFieldStart("desired");
    for (var a : told) {
      out.writeObjectFieldStart(a.moduleId());
      out.writeStringField("version", a.version());
      out.writeStringField("digest", a.digest());
      out.writeNumberField("generation", a.generation());
      if (a.artifactUrl() == null) out.writeNullField("artifact_url");
      else
        out.writeStringField("artifact_url", a.artifactUrl());
      out.writeEndObject();
    }
    out.writeEndObject();
  }

  private interface Fields {
    void write(JsonGenerator out) throws IOException;
  }

  private static Buffer written(Fields fields) {
    var bytes = new ByteArrayOutputStream(256);
    try (var out = Json.mapper().getFactory().createGenerator(bytes)) {
      out.writeStartObject();
      fields.write(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Buffer.buffer(bytes.toByteArray());
  }
}
