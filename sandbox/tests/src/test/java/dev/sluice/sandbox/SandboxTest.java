package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SandboxTest {
  private final Sandbox sandbox = Sandbox.shared();

  @Test
  void gives_each_service_a_schema_that_no_other_sees() throws SQLException {
    var database = sandbox.freshDatabase();
    PostgresTest.execute(database.login("planner"), "create table plans (id int)");
    assertThat(PostgresTest.one(database.login("planner"), "select schemaname from pg_tables where tablename = 'plans'"))
        .isEqualTo("planner");
    assertThatThrownBy(() -> PostgresTest.execute(database.login("health"), "select * from planner.plans"))
        .hasMessageContaining("permission denied");
    assertThatThrownBy(() -> PostgresTest.execute(database.login("health"), "create table public.t (id int)"))
        .hasMessageContaining("permission denied");
  }

  @Test
  void makes_the_same_database_once() throws SQLException {
    PostgresTest.execute(sandbox.database().login("rollout"), "create table if not exists kept (id int)");
    assertThat(PostgresTest.one(sandbox.database().login("rollout"), "select count(*) from kept")).isEqualTo("0");
  }

  @Test
  void gives_fresh_databases_that_know_nothing_of_each_other() throws SQLException {
    PostgresTest.execute(sandbox.freshDatabase().login("gateway"), "create table events (id int)");
    assertThat(PostgresTest.one(sandbox.freshDatabase().login("gateway"), "select count(*) from pg_tables where schemaname = 'gateway'"))
        .isEqualTo("0");
  }

  @Test
  void gives_prefixes_for_topics_of_ones_own() throws Exception {
    var mine = sandbox.freshPrefix() + "sluice.plan";
    var yours = sandbox.freshPrefix() + "sluice.plan";
    sandbox.ensureTopics(Map.of(mine, TopicSpec.of(mine), yours, TopicSpec.of(yours)));
    KafkaTest.tell(sandbox.bootstrap(), mine, "mine");
    KafkaTest.tell(sandbox.bootstrap(), yours, "yours");
    assertThat(KafkaTest.first(sandbox.bootstrap(), mine)).isEqualTo("mine");
  }
}
