package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class ProxyTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private final Sandbox sandbox = Sandbox.shared();

  @Test
  void takes_postgres_away_from_one_client_and_gives_it_back() throws SQLException {
    var direct = sandbox.superuser();
    try (var proxy = Proxy.to(direct.host(), direct.port())) {
      var login = direct.at(proxy.host(), proxy.port());
      try (var connection = PostgresTest.connect(login); var statement = connection.createStatement()) {
        statement.execute("select 1");
        proxy.cut();
        assertThatThrownBy(() -> statement.execute("select 1")).isInstanceOf(SQLException.class);
      }
      assertThatThrownBy(() -> PostgresTest.connect(login)).isInstanceOf(SQLException.class);
      assertThat(PostgresTest.one(direct, "select 1")).isEqualTo("1");
      proxy.restore();
      assertThat(PostgresTest.one(login, "select 1")).isEqualTo("1");
    }
  }

  @Test
  void holds_what_one_process_says_without_a_word_and_lets_it_through_later() throws Exception {
    var direct = sandbox.superuser();
    try (var proxy = Proxy.to(direct.host(), direct.port());
        var connection = PostgresTest.connect(direct.at(proxy.host(), proxy.port()));
        var statement = connection.createStatement()) {
      long me = ProcessHandle.current().pid();
      proxy.hold(port -> Sockets.portsOf(me).contains(port));
      var asked = CompletableFuture.runAsync(() -> {
        try {
          statement.execute("select 1");
        } catch (SQLException e) {
          throw new IllegalStateException(e);
        }
      });
      assertThatThrownBy(() -> asked.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(java.util.concurrent.TimeoutException.class);
      proxy.hold(port -> Sockets.portsOf(1).contains(port));
      asked.get(SOON.toSeconds(), TimeUnit.SECONDS);
    }
  }

  @Test
  void holds_back_each_byte_and_loses_none() throws SQLException {
    var direct = sandbox.superuser();
    try (var proxy = Proxy.to(direct.host(), direct.port())) {
      proxy.delay(Duration.ofMillis(20));
      assertThat(PostgresTest.one(direct.at(proxy.host(), proxy.port()), "select length(repeat('x', 1000000) )")).isEqualTo("1000000");
      assertThat(PostgresTest.one(direct.at(proxy.host(), proxy.port()), "select repeat('x', 1000000)")).hasSize(1_000_000);
    }
  }

  @Test
  void breaks_the_connection_where_the_target_is_away() {
    try (var proxy = Proxy.to(Ports.HOST, Ports.free())) {
      var login = sandbox.superuser().at(proxy.host(), proxy.port());
      assertThatThrownBy(() -> PostgresTest.connect(login)).isInstanceOf(SQLException.class);
    }
  }

  @Test
  void takes_kafka_away_from_one_client_and_gives_it_back() throws Exception {
    var kafka = sandbox.proxiedKafka();
    try (var direct = admin(kafka.bootstrap(), SOON);
        var through = admin(kafka.proxy().address(), SOON);
        var hasty = admin(kafka.proxy().address(), Duration.ofSeconds(1))) {
      assertThat(port(through)).isEqualTo(kafka.proxy().port());
      kafka.proxy().cut();
      assertThatThrownBy(() -> nodes(hasty)).cause().isInstanceOf(TimeoutException.class);
      assertThat(port(direct)).isEqualTo(kafka.port());
      kafka.proxy().restore();
      assertThat(port(through)).isEqualTo(kafka.proxy().port());
    }
  }

  private static Admin admin(String bootstrap, Duration patience) {
    var ms = Long.toString(patience.toMillis());
    return Admin.create(Map.of("bootstrap.servers", bootstrap, "default.api.timeout.ms", ms, "request.timeout.ms", ms));
  }

  /// Where Kafka tells this client to come.
  private static int port(Admin admin) {
    return await().pollDelay(Duration.ZERO).atMost(SOON).until(() -> nodes(admin), nodes -> !nodes.isEmpty()).iterator().next().port();
  }

  private static Collection<Node> nodes(Admin admin) throws Exception {
    return admin.describeCluster().nodes().get(SOON.toSeconds(), TimeUnit.SECONDS);
  }
}
