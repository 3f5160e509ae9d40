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
  void several_in_a_row_are_all_free_and_behind_the_last_come_the_first() {
    assertThat(Ports.free(19_990, 7, _ -> false)).isEqualTo(19_990);
    assertThat(Ports.free(19_993, 7, _ -> false)).isEqualTo(19_993);
    assertThat(Ports.free(19_994, 7, _ -> false)).isEqualTo(10_000);
    assertThat(Ports.free(19_990, 7, port -> port == 19_992)).isEqualTo(19_993);
    assertThat(Ports.free(19_990, 7, port -> port == 19_993 || port == 10_002)).isEqualTo(10_003);
  }

  @Test
  void where_none_are_free_it_says_so() {
    assertThatThrownBy(() -> Ports.free(15_000, 2, port -> port % 2 == 0)).hasMessage("no 2 free ports in a row on 127.0.0.1");
    assertThat(Ports.free(15_000, 2, port -> port % 2 == 0 && port != 14_998)).isEqualTo(14_997);
  }
}
