package dev.sluice.health.domain;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DriftTest {
  @ParameterizedTest
  @CsvSource({"false,false,true,false,CONVERGED", "false,false,true,true,CONVERGED", "false,false,false,false,DRIFTED",
    "false,false,false,true,IN_ROLLOUT", "false,true,true,true,NOT_REPORTING", "true,true,false,true,NEVER_REPORTED"})
  void each_instance_is_in_one_bucket(boolean never, boolean silent, boolean runs, boolean rollout, Drift.Bucket bucket) {
    assertThat(Drift.bucket(new Drift.Facts(never, silent, runs, rollout))).isEqualTo(bucket);
  }

  @Test
  void a_desired_version_is_told_until_it_is_echoed_or_shown() {
    assertThat(Telling.echoed("nginx", Scene.GOOD, 7, null)).isFalse();
    assertThat(Telling.echoed("nginx", Scene.GOOD, 7, Scene.RUNS_OTHER)).isFalse();
    assertThat(Telling.echoed("nginx", Scene.GOOD, 7, Scene.RUNS_TARGET)).isTrue();
    assertThat(Telling.echoed("nginx", Scene.GOOD, 7, Scene.says(ModuleStatus.State.APPLYING))).isTrue();
    assertThat(Telling.echoed("nginx", Scene.GOOD, 8, Scene.says(ModuleStatus.State.HEALTHY))).isFalse();
  }
}
