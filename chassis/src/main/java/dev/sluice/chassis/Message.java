package dev.sluice.chassis;

import dev.sluice.contract.Scope;
import java.time.Instant;

/// A fact with its envelope, as it stands in a journal and goes over a topic.
///
/// @param stream the aggregate's stream
/// @param epoch  of the journal; a restore begins a new one
/// @param seq    place in the stream, from 1 without a gap
/// @param toldTo how many public events the stream has told up to and with this fact
/// @param event  the fact, a record of the contract
/// @param traceparent the trace that it belongs to, as its record's header says; null: none
public record Message(String topic, String key, String stream, int epoch, long seq, long toldTo, Instant at, String actor, String kind,
    Scope scope, Object event, String traceparent) {
  /// Does work that belongs to the trace of this fact.
  public void traced(Runnable work) {
    Trace.within(traceparent, () -> {
      work.run();
      return null;
    });
  }

  /// How the topic carries it.
  record Wire(String stream, int epoch, long seq, long toldTo, Instant at, String actor, String kind, Scope scope,
      com.fasterxml.jackson.databind.JsonNode data) {}
}
