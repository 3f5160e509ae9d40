package dev.sluice.health.domain;

import static dev.sluice.health.domain.ModuleStatus.State.HEALTHY;
import static dev.sluice.health.domain.Scene.RUNS_OTHER;
import static dev.sluice.health.domain.Scene.RUNS_TARGET;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
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

  @Test
  void two_boots_are_reported_however_long_the_newer_one_was_alone() {
    var scene = new Scene().boot("a", 1).hears(10, RUNS_OTHER).boot("b", 1).hears(11, RUNS_OTHER).hears(12, RUNS_OTHER);
    scene.boot("a", 2).hears(13, RUNS_OTHER).boot("b", 3).hears(14, RUNS_OTHER);
    assertThat(scene.facts()).containsExactly("duplicate a");
  }

  @Test
  void a_boot_that_replaces_two_that_alternated_is_reported_anew() {
    var scene = new Scene().boot("a", 1).hears(10, RUNS_OTHER).boot("b", 1).hears(11, RUNS_OTHER).boot("a", 2).hears(12, RUNS_OTHER);
    scene.boot("b", 2).hears(13, RUNS_OTHER).boot("c", 1).hears(14, RUNS_OTHER).boot("b", 3).hears(15, RUNS_OTHER).boot("c", 2).hears(16,
        RUNS_OTHER);
    assertThat(scene.facts()).containsExactly("duplicate a", "duplicate b");
  }

  @Test
  void only_heartbeats_that_count_are_counted() {
    var scene = new Scene();
    var twice = scene.heard(10, RUNS_OTHER);
    var hearing = new Hearing(Duration.ofSeconds(30), Deaf.NEVER);
    var heard = Listening.hear(new Listening.Ear(Pulse.NONE, List.of()), List.of(twice, twice, scene.heard(20, RUNS_OTHER)), hearing);
    assertThat(heard.counted()).isEqualTo(2);
    assertThat(heard.then(Listening.hear(heard.ear(), List.of(scene.heard(30, RUNS_OTHER)), hearing)).counted()).isEqualTo(3);
  }

  @Test
  void what_a_heartbeat_does_not_say_stays_as_it_was() {
    var all = new Observation(InstanceStatus.STARTING, "1.0", Map.of("m", "d"), Map.of("m", new ModuleStatus(HEALTHY, 3, null)));
    assertThat(new Observation(InstanceStatus.RUNNING, null, null, Map.of()).after(all))
        .isEqualTo(new Observation(InstanceStatus.RUNNING, "1.0", all.digests(), all.statuses()));
    var next = new Observation(InstanceStatus.RUNNING, "1.1", Map.of(), Map.of("m", new ModuleStatus(HEALTHY, 4, null)));
    assertThat(next.after(all)).isEqualTo(next);
  }
}
