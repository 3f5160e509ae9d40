package dev.sluice.chassis;

import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The life of a database between two restores. The first is 1; a later one is the second since 2020 at which the operator says that a backup was restored, so
/// that no number is ever used twice, also where the same backup is restored again.
///
/// What is numbered anew after a restore begins above all numbers that may have been given away after the backup: see [#leap].
///
/// @param number 1 or more
public record Epoch(int number) {
  private static final Logger log = LoggerFactory.getLogger(Epoch.class);
  private static final Instant ZERO = Instant.parse("2020-01-01T00:00:00Z");
  /// Of a database that was never restored.
  public static final Epoch FIRST = new Epoch(1);

  /// @param at the time of the restore; null: there was none
  static Epoch restored(Instant at) { return at == null ? FIRST : new Epoch(Math.toIntExact(Duration.between(ZERO, at).toSeconds())); }

  /// When it began; long ago for the first.
  public Instant began() { return ZERO.plusSeconds(number); }

  /// How far numbers leap that grow by less than one in a second; 0 in the first epoch.
  public long leap() { return number - 1L; }

  private static final String PRESENT = "select epoch from journal_epoch";
  private static final String ENTER = "update journal_epoch set epoch = $1 where epoch < $1";

  /// Begins the epoch where the database is of an earlier one: what it knows is published again under it. Dying on the way leaves the rest to the next start.
  ///
  /// @return the epoch of the database
  static Epoch enter(Db db, Epoch wanted) {
    var present = db.list(PRESENT, row -> new Epoch(row.getInteger("epoch"))).getFirst();
    if (present.number >= wanted.number) return present;
    Journal.publishAgain(db, null);
    db.query(ENTER, wanted.number);
    log.atWarn().addKeyValue("epoch", wanted.number)
        .log("A backup was restored: what it knows is told again, what it does not know is not read");
    return wanted;
  }
}
