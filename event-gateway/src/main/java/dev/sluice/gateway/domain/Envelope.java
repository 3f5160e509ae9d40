package dev.sluice.gateway.domain;

import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Told;
import dev.sluice.contract.Topics;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One event as the log keeps it; `behaviour.md`, Events.
///
/// @param origin    where it was told
/// @param streamSeq its place among the public events of its stream, from 1 without a gap
/// @param fields    the kind's own, without those that the envelope has
public record Envelope(Origin origin, long streamSeq, String kind, String severity, Instant occurredAt, Scope scope, String actor,
    Map<String, Object> fields) {
  /// A fact's stream, the topic that it came by, and the epoch of the journal that it stands in.
  public record Origin(String topic, String stream, int epoch) {}

  private static final Set<String> OWN = Set.of("id", "kind", "severity", "occurred_at", "rollout_id", "template_id", "module_id", "actor",
      "stream_seq");

  /// The events of one fact, in order: none to one for each instance in it. The places of the events end at `toldTo`.
  ///
  /// @param actor who did it, where the fact itself does not say
  public static List<Envelope> of(Origin origin, long toldTo, Instant at, String actor, Scope scope, Object fact) {
    var told = Told.of(fact);
    var about = about(scope, fact);
    var events = new ArrayList<Envelope>(told.size());
    long seq = toldTo - told.size();
    for (var event : told) {
      var fields = new LinkedHashMap<>(event.fields());
      fields.keySet().removeAll(OWN);
      var who = event.fields().get("actor") instanceof String named ? named : actor;
      events.add(new Envelope(origin, ++seq, event.kind(), event.severity(), at, about, who, fields));
    }
    return events;
  }

  /// Whether `streamSeq` is a place in the stream of the rollout that the event is about: only there can a page compare it with its snapshot.
  public static boolean inRolloutsStream(String topic, String stream, String rolloutId) {
    return topic.equals(Topics.ROLLOUT) && stream.equals(rolloutId);
  }

  private static Scope about(Scope given, Object fact) {
    return switch (fact) {
      case FleetEvent e -> new Scope(given.rolloutId(), or(given.templateId(), e.templateId()), given.moduleId());
      case ReconcilerEvent.ReconcilerPaused e -> new Scope(given.rolloutId(), or(given.templateId(), e.templateId()), given.moduleId());
      case ReconcilerEvent.ReconcilerResumed e -> new Scope(given.rolloutId(), or(given.templateId(), e.templateId()), given.moduleId());
      case CatalogEvent.VersionPromoted e ->
        new Scope(given.rolloutId(), given.templateId(), given.moduleId() == null ? e.moduleId() : given.moduleId());
      default -> given;
    };
  }

  private static TemplateId or(TemplateId first, TemplateId second) { return first == null ? second : first; }
}
