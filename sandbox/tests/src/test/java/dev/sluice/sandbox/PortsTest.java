package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PortsTest {
  @Test
  void a_free_port_that_somebody_takes_first_is_given_up_for_another() {
    var tried = new ArrayList<Integer>();
    assertThat((int) Ports.start(0, port -> {
      tried.add(port);
      if (tried.size() < 3) {
        throw new Ports.Taken("taken", null);
      }
      return port;
    })).isEqualTo(tried.getLast());
    assertThat(tried).hasSize(3).doesNotHaveDuplicates();
  }

  @Test
  void it_gives_up_after_five() {
    var tried = new ArrayList<Integer>();
    assertThatThrownBy(() -> Ports.start(0, port -> {
      tried.add(port);
      throw new Ports.Taken("taken", null);
    })).hasMessage("taken");
    assertThat(tried).hasSize(5);
  }

  @Test
  void it_tries_no_other_port_where_that_is_not_the_matter() {
    var tried = new ArrayList<Integer>();
    assertThatThrownBy(() -> Ports.start(0, port -> {
      tried.add(port);
      throw new IllegalStateException("broken");
    })).hasMessage("broken");
    assertThat(tried).hasSize(1);
  }

  @Test
  void a_port_that_was_asked_for_is_taken_or_not() throws Exception {
    try (var busy = new ServerSocket(0, 1, InetAddress.getByName(Ports.HOST))) {
      assertThatThrownBy(() -> Ports.start(busy.getLocalPort(), port -> port)).hasMessageContaining("is taken: choose another");
    }
  }

  /// What the system gives itself, to whoever connects to somebody, is taken by somebody else now and then before it is bound.
  @Test
  void a_free_one_is_none_that_the_system_gives_and_none_is_given_twice() throws Exception {
    // by one read: the kernel has no second part of such a file
    var range = Files.readAllLines(Path.of("/proc/sys/net/ipv4/ip_local_port_range")).getFirst().split("\\s+");
    var given = IntStream.range(0, 200).mapToObj(_ -> Ports.free()).toList();
    assertThat(given).doesNotHaveDuplicates().allMatch(port -> port < Integer.parseInt(range[0]));
  }

  @Test
  void one_that_somebody_has_is_never_free() throws Exception {
    try (var held = new ServerSocket(Ports.free(), 1, InetAddress.getByName(Ports.HOST))) {
      assertThat(IntStream.range(0, 10_000).map(_ -> Ports.free())).doesNotContain(held.getLocalPort());
    }
  }

  @Test
  void blocks_lie_apart_from_single_ones_and_are_none_that_somebody_has() throws Exception {
    int first = Ports.block(10);
    try (var _ = new ServerSocket(first + 14, 1, InetAddress.getByName(Ports.HOST))) {
      assertThat(Ports.block(10)).isBetween(20_000, 29_990).isNotEqualTo(first + 10);
    }
  }

  @Test
  void several_in_a_row_are_all_free_and_behind_the_last_come_the_first() {
    var range = new Ports.Range(100, 200, 0);
    assertThat(range.take(90, _ -> false)).isEqualTo(100);
    assertThat(range.take(3, port -> port == 191)).isEqualTo(192);
    assertThat(range.take(5, _ -> false)).isEqualTo(195);
    assertThat(range.take(5, port -> port == 102)).isEqualTo(103);
    assertThat(range.take(90, _ -> false)).isEqualTo(108);
    assertThat(range.take(3, _ -> false)).isEqualTo(100);
  }

  @Test
  void neighbours_begin_far_from_each_other_and_where_none_are_free_it_says_so() {
    assertThat(new Ports.Range(10_000, 20_000, 7).take(1, _ -> false)).isEqualTo(10_000 + 7 * 617);
    var range = new Ports.Range(100, 200, 7);
    assertThatThrownBy(() -> range.take(2, port -> port % 2 == 0)).hasMessage("no 2 free ports in a row from 100 to 199");
    assertThat(range.take(2, port -> port % 2 == 0 && port != 118)).isEqualTo(117);
  }
}
