package dev.sluice.rollout.domain;

import dev.sluice.contract.RolloutId;
import java.time.Instant;

/// One row of a rollout's decision record: a command that was decided to at least one event.
///
/// @param position     from 1 without a gap in each rollout
/// @param actor        who wished it; may be null
/// @param previousHash of the row before; of the first row, see [Head#start]
/// @param hash         over all the others
public record DecisionRow(long position, Instant decidedAt, String actor, Account account, String previousHash, String hash) {
  /// The newest row of a record, by what names it.
  ///
  /// @param position 0 where there is none
  public record Head(long position, String hash) {
    /// The head of a record without rows: it follows from the rollout's id alone.
    public static Head start(RolloutId id) { return new Head(0, new Sha256().add("rollout_id", id.value()).hex()); }
  }

  /// The row that follows a head.
  public static DecisionRow behind(Head head, RolloutId id, Instant at, String actor, Account account) {
    var open = new DecisionRow(head.position() + 1, at, actor, account, head.hash(), "");
    return new DecisionRow(open.position(), at, actor, account, head.hash(), open.sha256(id));
  }

  public Head head() { return new Head(position, hash); }

  /// What [#hash] must be: over the rollout's id and every other column.
  String sha256(RolloutId id) {
    return new Sha256().add("rollout_id", id.value()).add("position", Long.toString(position)).add("decided_at", decidedAt.toString())
        .add("actor", actor).add("command_kind", account.commandKind()).add("command", account.command())
        .add("counters", account.counters()).add("rule", account.rule()).add("parameters", account.parameters())
        .add("outcome", account.outcome()).add("previous_hash", previousHash).hex();
  }
}
