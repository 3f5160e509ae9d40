package dev.sluice.planner.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Lifecycle;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LifecycleMovesTest {
  @ParameterizedTest
  @CsvSource({"DRAFT, STAGING ARCHIVED", "STAGING, DRAFT BLESSED ARCHIVED", "BLESSED, LIVE ARCHIVED", "LIVE, ARCHIVED", "ARCHIVED, ''"})
  void only_the_moves_of_the_table_are_legal(Lifecycle from, String legal) {
    for (var to : Lifecycle.values()) {
      var refusal = LifecycleMoves.refusal("v", from, to, List.of());
      if (List.of(legal.split(" ")).contains(to.name())) assertThat(refusal).isEmpty();
      else
        assertThat(refusal).hasValueSatisfying(p -> assertThat(p.extra()).containsKeys("from", "to", "legal"));
    }
  }

  @Test
  void says_from_to_and_the_legal_moves() {
    assertThat(LifecycleMoves.refusal("v", Lifecycle.DRAFT, Lifecycle.LIVE, List.of()).orElseThrow().detail())
        .isEqualTo("v is draft and cannot become live; legal: staging, archived");
    assertThat(LifecycleMoves.refusal("v", Lifecycle.ARCHIVED, Lifecycle.LIVE, List.of()).orElseThrow().detail())
        .endsWith("there is no legal move");
  }

  @Test
  void what_an_open_rollout_needs_is_not_archived() {
    var refusal = LifecycleMoves.refusal("v", Lifecycle.LIVE, Lifecycle.ARCHIVED, List.of("r1", "r2")).orElseThrow();
    assertThat(refusal.status()).isEqualTo(409);
    assertThat(refusal.extra()).containsEntry("rollout_ids", List.of("r1", "r2"));
  }

  @Test
  void only_blessed_and_live_are_targets_and_archived_is_nobodys_way_back() {
    assertThat(Lifecycle.values()).filteredOn(LifecycleMoves::mayBeTarget).containsExactly(Lifecycle.BLESSED, Lifecycle.LIVE);
    assertThat(Lifecycle.values()).filteredOn(l -> !LifecycleMoves.mayBeRunAgain(l)).containsExactly(Lifecycle.ARCHIVED);
  }
}
