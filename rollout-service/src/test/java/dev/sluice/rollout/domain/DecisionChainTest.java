package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Choice;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.DecisionChain.Broken;
import dev.sluice.rollout.domain.DecisionChain.Whole;
import dev.sluice.rollout.domain.DecisionRow.Head;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/// Whoever touches a row of a decision record is found at its position.
class DecisionChainTest {
  private static final Recorded RECORD = Recorded.of(Story.running(Plans.six()).handedOut(0, 1).healthy(0).healthy(1).failed(2, 3)
      .choose(Choice.CONTINUE_ANYWAY).healthy(4, 5).templateMoved(Plans.TARGET));

  @Test
  void a_record_that_nobody_touched_is_whole_and_says_its_head() {
    assertThat(RECORD.rows()).hasSize(10);
    assertThat(RECORD.check()).isEqualTo(new Whole(RECORD.head()));
    assertThat(RECORD.check(RECORD.head(), RECORD.rows().get(4).head())).isEqualTo(new Whole(RECORD.head()));
    assertThat(RECORD.rows().getFirst().previousHash()).isEqualTo(Head.start(Recorded.ID).hash());
    assertThat(DecisionChain.of(Recorded.ID).endsAt(Head.start(Recorded.ID))).isEqualTo(new Whole(Head.start(Recorded.ID)));
  }

  @Test
  void a_row_altered_in_any_column_is_named_by_its_position() {
    Map<String, UnaryOperator<DecisionRow>> changes = Map.ofEntries(
        Map.entry("decided_at",
            r -> new DecisionRow(r.position(), r.decidedAt().plusNanos(1_000), r.actor(), r.account(), r.previousHash(), r.hash())),
        Map.entry("actor", r -> new DecisionRow(r.position(), r.decidedAt(), "bob", r.account(), r.previousHash(), r.hash())),
        Map.entry("no actor", r -> new DecisionRow(r.position(), r.decidedAt(), null, r.account(), r.previousHash(), r.hash())),
        Map.entry("command_kind", account(a -> with(a, 0, "tick"))), Map.entry("command", account(a -> with(a, 1, a.command() + " "))),
        Map.entry("counters", account(a -> with(a, 2, "{ }"))), Map.entry("rule", account(a -> with(a, 3, "odd"))),
        Map.entry("parameters", account(a -> with(a, 4, "{ }"))), Map.entry("outcome", account(a -> with(a, 5, "{ }"))),
        Map.entry("previous_hash", r -> new DecisionRow(r.position(), r.decidedAt(), r.actor(), r.account(), "0", r.hash())),
        Map.entry("hash", r -> new DecisionRow(r.position(), r.decidedAt(), r.actor(), r.account(), r.previousHash(), "0")));
    for (int position = 1; position <= RECORD.rows().size(); position++)
      for (var change : changes.entrySet())
        assertThat(RECORD.altered(position, change.getValue()).check()).as(change.getKey())
            .isEqualTo(new Broken(position, "was altered"));
  }

  @Test
  void a_row_of_another_rollout_is_altered() {
    var chain = DecisionChain.of(new RolloutId("r2"), new Head(0, "")).then(RECORD.rows().getFirst());
    assertThat(chain.endsAt(RECORD.rows().getFirst().head())).isEqualTo(new Broken(1, "was altered"));
  }

  @Test
  void a_row_removed_is_missing_wherever_it_stood() {
    for (int position = 1; position < RECORD.rows().size(); position++)
      assertThat(without(position).check()).isEqualTo(new Broken(position, "is missing"));
    assertThat(without(10).check(RECORD.head())).isEqualTo(new Broken(10, "is missing"));
  }

  @Test
  void a_row_removed_at_the_end_with_the_head_set_back_is_missing_to_who_kept_a_head() {
    var shortened = without(10);
    assertThat(shortened.check(shortened.head())).isEqualTo(new Whole(shortened.head()));
    assertThat(shortened.check(shortened.head(), RECORD.head())).isEqualTo(new Broken(10, "is missing"));
  }

  @Test
  void two_rows_that_changed_places_are_found_at_the_first() {
    var swapped = new ArrayList<>(RECORD.rows());
    swapped.set(2, at(3, RECORD.rows().get(6)));
    swapped.set(6, at(7, RECORD.rows().get(2)));
    assertThat(new Recorded(RECORD.plan(), swapped).check()).isEqualTo(new Broken(3, "was altered"));
  }

  @Test
  void a_row_put_in_between_is_found_where_it_stands() {
    var rows = new ArrayList<>(RECORD.rows().subList(0, 4));
    rows.add(DecisionRow.behind(rows.getLast().head(), Recorded.ID, Plans.START, "eve", RECORD.rows().get(4).account()));
    RECORD.rows().subList(4, 10).forEach(row -> rows.add(at(row.position() + 1, row)));
    assertThat(new Recorded(RECORD.plan(), rows).check(RECORD.head(), RECORD.rows().get(4).head()))
        .isEqualTo(new Broken(5, "is another than the head that was kept"));
    assertThat(new Recorded(RECORD.plan(), rows).check(RECORD.head())).isEqualTo(new Broken(6, "was altered"));
  }

  @Test
  void a_row_put_behind_the_end_is_found_behind_the_head() {
    var rows = new ArrayList<>(RECORD.rows());
    rows.add(DecisionRow.behind(RECORD.head(), Recorded.ID, Plans.START, "eve", RECORD.rows().get(4).account()));
    assertThat(new Recorded(RECORD.plan(), rows).check(RECORD.head())).isEqualTo(new Broken(11, "was added behind the head"));
  }

  @Test
  void a_row_written_anew_with_its_own_hash_is_found_by_its_neighbour_or_by_the_head() {
    UnaryOperator<DecisionRow> anew = r -> DecisionRow.behind(new Head(r.position() - 1, r.previousHash()), Recorded.ID, r.decidedAt(),
        "bob",
        r.account());
    assertThat(RECORD.altered(6, anew).check())
        .isEqualTo(new Broken(7, "does not follow from the one before it: one of the two was written anew"));
    assertThat(RECORD.altered(10, anew).check(RECORD.head())).isEqualTo(new Broken(10, "is another than the head"));
  }

  @Test
  void a_record_written_anew_is_whole_to_all_but_who_kept_a_head() {
    var forged = RECORD.rewritten(6, a -> with(a, 2, "{}"));
    assertThat(forged.check()).isEqualTo(new Whole(forged.head()));
    assertThat(forged.check(forged.head(), RECORD.rows().get(4).head())).isEqualTo(new Whole(forged.head()));
    assertThat(forged.check(forged.head(), RECORD.rows().get(5).head()))
        .isEqualTo(new Broken(6, "is another than the head that was kept"));
  }

  @Test
  void the_hash_is_what_the_document_says() throws Exception {
    var row = DecisionRow.behind(Head.start(new RolloutId("r1")), new RolloutId("r1"), Instant.parse("2026-01-01T00:00:00.000001Z"), null,
        new Account("tick", "{\"detail\":\"süß\"}", "{}", "reconciler", "{}", "{}"));
    var text = """
        rollout_id 2
        r1
        position 1
        1
        decided_at 27
        2026-01-01T00:00:00.000001Z
        actor -
        command_kind 4
        tick
        command 18
        {"detail":"süß"}
        counters 2
        {}
        rule 10
        reconciler
        parameters 2
        {}
        outcome 2
        {}
        previous_hash 64
        %s
        """.formatted(sha256("rollout_id 2\nr1\n"));
    assertThat(row.hash()).isEqualTo(sha256(text));
  }

  private static String sha256(String text) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static Recorded without(int position) {
    return new Recorded(RECORD.plan(), RECORD.rows().stream().filter(r -> r.position() != position).toList());
  }

  private static DecisionRow at(long position, DecisionRow row) {
    return new DecisionRow(position, row.decidedAt(), row.actor(), row.account(), row.previousHash(), row.hash());
  }

  private static UnaryOperator<DecisionRow> account(UnaryOperator<Account> change) {
    return r -> new DecisionRow(r.position(), r.decidedAt(), r.actor(), change.apply(r.account()), r.previousHash(), r.hash());
  }

  /// The account with its column `n` changed.
  static Account with(Account a, int n, String text) {
    var columns = new ArrayList<>(List.of(a.commandKind(), a.command(), a.counters(), a.rule(), a.parameters(), a.outcome()));
    columns.set(n, text);
    return new Account(columns.get(0), columns.get(1), columns.get(2), columns.get(3), columns.get(4), columns.get(5));
  }
}
