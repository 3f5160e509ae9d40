package dev.sluice.rollout.domain;

import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.DecisionRow.Head;

/// Follows a decision record from its first row to its head and names the first position where it is not what was written: a row altered, missing, in another's
/// place or added. Pure; a row at a time, so that a long record needs no memory.
///
/// For who reads the record over REST, page by page, oldest first (`GET /v1/rollouts/{id}/decisions`, each item read as a `DecisionView`):
/// ```java
/// var chain = DecisionChain.of(id, kept);        // kept: a head that an earlier check printed; without one, DecisionChain.of(id)
/// for (var view : page.decisions()) chain = chain.then(view.row());
/// switch (chain.endsAt(lastPage.head())) {       // the head of the page that has no next_cursor
///   case Whole(var head)               -> ...    // print it, so that it can be kept elsewhere
///   case Broken(var position, var what) -> ...   // "position 7 was altered"
/// }
/// ```
/// Whoever can write the tables can write a whole new record with new hashes: only a head that is kept elsewhere tells the two apart.
public final class DecisionChain {
  /// What came of it.
  public sealed interface Finding {}

  public record Whole(Head head) implements Finding {}

  /// @param position the first that is not as it was written
  /// @param what     for people, to follow "position 7 "
  public record Broken(long position, String what) implements Finding {}

  private final RolloutId id;
  private final Head kept;
  private final Head head;
  private final Broken broken;

  private DecisionChain(RolloutId id, Head kept, Head head, Broken broken) {
    this.id = id;
    this.kept = kept;
    this.head = head;
    this.broken = broken;
  }

  public static DecisionChain of(RolloutId id) { return of(id, Head.start(id)); }

  /// @param kept a head that this record is known to have had
  public static DecisionChain of(RolloutId id, Head kept) { return new DecisionChain(id, kept, Head.start(id), null); }

  /// The chain with one more row. After the first fault it stays as it is.
  public DecisionChain then(DecisionRow row) {
    if (broken != null) return this;
    var fault = fault(row);
    return new DecisionChain(id, kept, row.head(), fault == null ? null : new Broken(head.position() + 1, fault));
  }

  private String fault(DecisionRow row) {
    if (row.position() != head.position() + 1) return "is missing";
    if (!row.hash().equals(row.sha256(id))) return "was altered";
    if (!row.previousHash().equals(head.hash())) return "does not follow from the one before it: one of the two was written anew";
    if (row.position() == kept.position() && !row.hash().equals(kept.hash())) return "is another than the head that was kept";
    return null;
  }

  /// @param last the head that the service says
  public Finding endsAt(Head last) {
    if (broken != null) return broken;
    if (head.position() < Math.max(last.position(), kept.position())) return new Broken(head.position() + 1, "is missing");
    if (head.position() > last.position()) return new Broken(last.position() + 1, "was added behind the head");
    return head.equals(last) ? new Whole(head) : new Broken(head.position(), "is another than the head");
  }
}
