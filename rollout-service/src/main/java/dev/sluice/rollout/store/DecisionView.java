package dev.sluice.rollout.store;

import dev.sluice.chassis.Json;
import dev.sluice.rollout.domain.Account;
import dev.sluice.rollout.domain.DecisionRow;
import java.time.Instant;

/// A row of the decision record as the REST shows it; the shape is in the OpenAPI document. Nothing of the row is lost, so that its hash can be checked by who reads
/// it: a column of JSON is shown as an object only where it is, to the letter, the JSON of that object, else as the text that it is.
public record DecisionView(long position, Instant decidedAt, String actor, String commandKind, Object command, Object counters, String rule,
    Object parameters, Object outcome, String previousHash, String hash) {
  public static DecisionView of(DecisionRow row) {
    var account = row.account();
    return new DecisionView(row.position(), row.decidedAt(), row.actor(), account.commandKind(), shown(account.command()),
        shown(account.counters()), account.rule(), shown(account.parameters()), shown(account.outcome()), row.previousHash(), row.hash());
  }

  /// The row that this shows.
  public DecisionRow row() {
    return new DecisionRow(position, decidedAt, actor,
        new Account(commandKind, text(command), text(counters), rule, text(parameters), text(outcome)), previousHash, hash);
  }

  private static Object shown(String column) {
    try {
      var object = Json.map(column);
      return Json.text(object).equals(column) ? object : column;
    } catch (IllegalArgumentException e) {
      return column;
    }
  }

  private static String text(Object shown) { return shown instanceof String column ? column : Json.text(shown); }
}
