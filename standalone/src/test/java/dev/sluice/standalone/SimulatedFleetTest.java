package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.cli.FleetOptions;
import dev.sluice.standalone.Faults.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Fleets that are simulated: real agents, and above their number instances that only speak the protocol.
@Order(1)
class SimulatedFleetTest {
  private static final Duration BOUND = Duration.ofSeconds(100);
  private static final Duration NEVER = Duration.ofHours(1);
  private static final byte[] FIRST = Fixture.archive(FleetPeer.MODULE, "1.24.0", "exit 0");
  private static final byte[] SECOND = Fixture.archive(FleetPeer.MODULE, "1.26.0", "exit 0");
  private static final byte[] BROKEN = Fixture.archive(FleetPeer.MODULE, "1.26.0-broken", "exit 1");
  private final List<String> notes = new ArrayList<>();
  @TempDir
  Path folder;

  @Test
  void the_seed_says_who_gets_which_fault() {
    var faults = new Faults(7, 3, 4, 5);
    assertThat(faults.draw(60)).isEqualTo(faults.draw(60)).isNotEqualTo(new Faults(8, 3, 4, 5).draw(60));
    assertThat(who(faults, Fault.SILENT, 60)).hasSize(3);
    assertThat(who(faults, Fault.SLOW, 60)).hasSize(4);
    assertThat(who(faults, Fault.FLAPPING, 60)).hasSize(5);
    assertThatThrownBy(() -> faults.draw(11)).hasMessageContaining("more faults than the 11 instances");
  }

  @Test
  void real_agents_are_silent_slow_and_flapping_as_drawn_and_a_broken_release_fails_by_its_own_command() throws Exception {
    var faults = new Faults(7, 3, 2, 5, NEVER);
    try (var peer = new FleetPeer()) {
      var first = peer.desire(FIRST);
      try (var fleet = (RealFleet) fleet(peer, 60, faults)) {
        assertThat(notes).containsExactly("60 real agents run, each with its folder in " + folder);
        var slow = ids(who(faults, Fault.SLOW, 60), "web-%03d");
        var silent = ids(who(faults, Fault.SILENT, 60), "web-%03d");
        var sound = ids(who(faults, Fault.NONE, 60), "web-%03d");
        var flapping = ids(who(faults, Fault.FLAPPING, 60), "web-%03d");
        await().atMost(BOUND).until(() -> peer.saying("healthy").containsAll(sound) && peer.saying("applying").containsAll(slow));
        assertThat(sound).allSatisfy(id -> assertThat(peer.claim(id)).isEqualTo(first));
        await().atMost(BOUND).until(() -> silent.stream().allMatch(id -> fleet.link(id).isCut()));

        var broken = peer.desire(BROKEN);
        await().atMost(BOUND).until(() -> peer.saying("unhealthy").containsAll(sound));
        assertThat(silent).allSatisfy(id -> assertThat(peer.claim(id)).isNotEqualTo(broken));
        assertThat(sound).allSatisfy(id -> assertThat(folder.resolve(id).resolve("state/identity.json")).exists());
        var seen = new HashSet<String>();
        await().atMost(BOUND).until(() -> {
          flapping.forEach(id -> seen.add(id + fleet.link(id).isCut()));
          return seen.size() == 2 * flapping.size();
        });
      }
    }
  }

  @Test
  void above_500_they_only_speak_the_protocol_and_the_first_line_says_so() throws Exception {
    var faults = new Faults(7, 10, 20, 30, NEVER);
    var sound = ids(who(faults, Fault.NONE, 1_000), "web-%06d");
    var silent = ids(who(faults, Fault.SILENT, 1_000), "web-%06d");
    var slow = ids(who(faults, Fault.SLOW, 1_000), "web-%06d");
    try (var peer = new FleetPeer()) {
      var first = peer.desire(FIRST);
      try (var _ = fleet(peer, 1_000, faults)) {
        assertThat(notes.getFirst()).startsWith("protocol only");
        await().atMost(BOUND).until(() -> peer.saying("healthy").containsAll(sound) && peer.saying("applying").containsAll(slow)
            && peer.saying("healthy").containsAll(silent));
        var second = peer.desire(SECOND);
        await().atMost(BOUND).until(() -> peer.saying("healthy").containsAll(sound));
        assertThat(sound).allSatisfy(id -> assertThat(peer.claim(id)).isEqualTo(second));
        assertThat(silent).allSatisfy(id -> assertThat(peer.claim(id)).isEqualTo(first));
      }
      assertThat(peer.enrolled).hasSize(1_000);
      assertThat(Files.getPosixFilePermissions(folder.resolve("tokens-web"))).hasToString("[OWNER_READ, OWNER_WRITE]");

      peer.enrolled.clear();
      peer.desire(SECOND);
      try (var _ = fleet(peer, 1_000, new Faults(7, 0, 20, 0, Duration.ofSeconds(1)))) {
        await().atMost(BOUND).until(() -> peer.saying("healthy").size() == 1_000);
        assertThat(peer.enrolled).isEmpty();
      }
    }
  }

  @Test
  void a_protocol_fleet_whose_enrolment_broke_off_hears_its_tokens_when_it_starts_again() throws Exception {
    try (var peer = new FleetPeer()) {
      peer.cutsOff();
      assertThatThrownBy(() -> fleet(peer, 600, Faults.NONE)).isInstanceOf(IOException.class).hasMessageStartingWith("cannot enrol");
      assertThat(peer.enrolled).hasSize(600);
      Files.writeString(folder.resolve("tokens-web"), "web-000007 cut", StandardOpenOption.APPEND);
      fleet(peer, 601, Faults.NONE).close();
      assertThat(peer.enrolled).hasSize(601);
      assertThat(kept()).hasSize(601);
    }
  }

  @Test
  void a_protocol_fleet_of_whom_one_is_refused_keeps_the_tokens_of_the_others() throws Exception {
    try (var peer = new FleetPeer()) {
      peer.unwanted.add("web-000003");
      assertThatThrownBy(() -> fleet(peer, 600, Faults.NONE)).isInstanceOf(IOException.class).hasMessageContaining("web-000003");
      assertThat(kept()).hasSize(599);
      peer.unwanted.clear();
      fleet(peer, 600, Faults.NONE).close();
      assertThat(kept()).hasSize(600);
    }
  }

  /// Who has a whole line in the file of tokens.
  private Set<String> kept() throws IOException {
    return Files.readAllLines(folder.resolve("tokens-web")).stream().filter(line -> line.endsWith(" t")).map(line -> line.split(" ")[0])
        .collect(Collectors.toSet());
  }

  private AutoCloseable fleet(FleetPeer peer, int instances, Faults faults) throws Exception {
    var options = new FleetOptions(peer.uri(), "t", instances, "web", List.of(FleetPeer.MODULE), folder, faults.seed(), faults.silent(),
        faults.slow(), faults.flapping());
    return Processes.started(options, faults, notes::add);
  }

  private static Set<Integer> who(Faults faults, Fault fault, int instances) {
    var drawn = faults.draw(instances);
    return IntStream.range(0, instances).filter(i -> drawn.get(i) == fault).boxed().collect(Collectors.toCollection(HashSet::new));
  }

  private static Set<String> ids(Set<Integer> indexes, String form) {
    return indexes.stream().map(i -> form.formatted(i + 1)).collect(Collectors.toSet());
  }
}
