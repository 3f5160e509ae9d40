package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// What the public surface shows of one rollout.
///
/// @param plan     the revision that the rollout names
/// @param rollout  its view; the events are cut where it stands
/// @param members  in plan order; of one moment with the view and the requests where `settled`
/// @param settled  whether the rollout stood still while these were read
/// @param events   oldest first
/// @param requests its approval requests
/// @param rollouts all rollouts of its template and module, itself among them
/// @param again    parts of the events, read again at other cursors
public record History(Plan plan, JsonNode rollout, List<Member> members, boolean settled, List<Event> events, List<JsonNode> requests,
    List<JsonNode> rollouts, List<Again> again) {
  /// A part of the events.
  ///
  /// @param after the cursor; -1: the newest ones, asked for without a cursor
  /// @param ids   in the order of the answer
  record Again(long after, List<Long> ids) {}

  public String id() { return rollout.path("id").asText(); }

  public String state() { return rollout.path("state").asText(); }

  public long asOfSeq() { return rollout.path("as_of_seq").asLong(); }

  /// The events of the rollout's own stream.
  List<Event> stream() { return events.stream().filter(e -> e.seq() > 0).toList(); }
}
