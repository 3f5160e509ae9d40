package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
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
}
