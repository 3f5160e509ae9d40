package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ServersTest {
  @Test
  void are_not_given_by_an_empty_environment() {
    assertThat(Servers.given(Map.of())).isEmpty();
  }

  @Test
  void are_given_by_address() {
    var given = given("postgresql://boss:secret@db.example:5433/postgres");
    assertThat(given.superuser()).isEqualTo(new Login("db.example", 5433, "postgres", "boss", "secret", "public"));
    assertThat(given.bootstrap()).isEqualTo("kafka.example:9092");
    assertThat(given("postgresql://boss:secret@db.example/postgres").superuser().port()).isEqualTo(5432);
  }

  @Test
  void agree_on_the_roles_passwords_in_every_process() {
    var given = given("postgresql://boss:secret@db.example/postgres");
    assertThat(given.passwords().apply("planner")).hasSize(32).isNotEqualTo(given.passwords().apply("health"))
        .isEqualTo(given("postgresql://boss:secret@db.example/postgres").passwords().apply("planner"));
  }

  @Test
  void are_refused_with_what_is_missing() {
    assertThatThrownBy(() -> Servers.given(Map.of("SLUICE_TEST_KAFKA", "kafka.example:9092"))).hasMessageContaining("SLUICE_TEST_PG_URL");
    assertThatThrownBy(() -> given("postgresql://db.example/postgres"))
        .hasMessageContaining("postgresql://superuser:password@host:port/database");
  }

  private static Servers given(String url) {
    return Servers.given(Map.of("SLUICE_TEST_PG_URL", url, "SLUICE_TEST_KAFKA", "kafka.example:9092")).orElseThrow();
  }
}
