package dev.sluice.rollout.domain;

import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Told;
import java.util.ArrayList;
import java.util.List;

/// A decision as texts: what went in, by which rule, what came out. The same decision gives the same account, whoever makes it: the service when it decides, or
/// [DecisionReplay] later.
///
/// @param commandKind in the words of the wire, `record_judgements`
/// @param command     the [RolloutCommand] as JSON: with the state before it, all that the decider knew
/// @param counters    [Counters] before it, as JSON
/// @param rule        the name of the [Rule]
/// @param parameters  the rule's, as JSON
/// @param outcome     [Outcome] as JSON
public record Account(String commandKind, String command, String counters, String rule, String parameters, String outcome) {
  /// The end of a stream: of its facts, and of the public events that they are told as.
  public record Place(long seq, long told) {
    static final Place START = new Place(0, 0);

    Place after(List<RolloutEvent> events) {
      return new Place(seq + events.size(), told + events.stream().mapToLong(Told::count).sum());
    }
  }

  /// What was decided.
  ///
  /// @param events  their kinds, in order
  /// @param fromSeq the place of the first in the rollout's journal
  /// @param toSeq   the place of the last
  /// @param asOfSeq the `stream_seq` of the last public event after them
  /// @param sha256  over kind and JSON of each, as [Sha256] frames them
  record Outcome(List<String> events, long fromSeq, long toSeq, long asOfSeq, String sha256) {}

  /// @param from where the stream ended before
  /// @param after the state after the events
  public static Account of(Rollout before, Place from, RolloutCommand command, List<RolloutEvent> events, Rollout after, Texts texts) {
    var kinds = new ArrayList<String>();
    var hash = new Sha256();
    for (var event : events) {
      kinds.add(texts.kind(event));
      hash.add(texts.kind(event), texts.json(event));
    }
    var to = from.after(events);
    var rule = Rule.of(command, events, after);
    return new Account(texts.kind(command), texts.json(command), texts.json(Counters.of(before)), rule.name(),
        texts.json(rule.parameters()),
        texts.json(new Outcome(kinds, from.seq() + 1, to.seq(), to.told(), hash.hex())));
  }
}
