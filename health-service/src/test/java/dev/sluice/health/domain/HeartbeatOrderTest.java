package dev.sluice.health.domain;

import static dev.sluice.health.domain.Scene.RUNS_OTHER;
import static dev.sluice.health.domain.Scene.RUNS_TARGET;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeartbeatOrderTest {
  @Test
  void late_and_repeated_heartbeats_change_nothing() {
    var scene = new Scene().boot("a", 5).hears(10, RUNS_OTHER);
    var before = scene.pulse();
    scene.boot("a", 5).hears(11, RUNS_TARGET).boot("a", 4).hears(12, RUNS_TARGET);
    assertThat(scene.pulse()).isEqualTo(before);
    assertThat(scene.findings()).isEmpty();
  }

  @Test
  void a_new_boot_begins_anew() {
    var scene = new Scene().boot("a", 900).hears(10, RUNS_OTHER).boot("b", 1).hears(20, RUNS_TARGET);
    assertThat(scene.findings()).hasSize(1);
    assertThat(scene.pulse().order().bootId()).isEqualTo("b");
  }

  @Test
  void a_replaced_boot_is_late_for_ever() {
    var scene = new Scene().boot("a", 1).hears(10, RUNS_OTHER).boot("b", 1).hears(20, RUNS_OTHER).boot("c", 1).hears(30, RUNS_OTHER);
    scene.boot("a", 99).hears(40, RUNS_TARGET).boot("b", 99).hears(50, RUNS_TARGET);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.pulse().order().bootId()).isEqualTo("c");
  }

  @Test
  void two_boots_that_alternate_are_reported_once() {
    var scene = new Scene().boot("a", 1).hears(10, RUNS_OTHER).boot("b", 1).hears(11, RUNS_OTHER).boot("a", 2).hears(12, RUNS_OTHER);
    assertThat(scene.facts()).isEmpty();
    scene.boot("b", 2).hears(13, RUNS_OTHER);
    assertThat(scene.facts()).containsExactly("duplicate a");
    scene.boot("a", 3).hears(14, RUNS_OTHER).boot("b", 3).hears(15, RUNS_OTHER);
    assertThat(scene.facts()).hasSize(1);
  }

  @Test
  void an_old_heartbeat_that_comes_again_is_no_rival() {
    var scene = new Scene().boot("a", 1).hears(10, RUNS_OTHER).boot("b", 1).hears(11, RUNS_OTHER);
    scene.boot("a", 1).hears(12, RUNS_OTHER).boot("b", 2).hears(13, RUNS_OTHER);
    assertThat(scene.facts()).isEmpty();
  }
}
