package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MigrationTest {
  @Test
  void a_migration_of_the_chassis_reaches_a_database_that_has_the_services_later_ones() {
    var config = Real.config("planner");
    Db.migrate(config);
    try (var node = Node.alone(); var db = Db.open(node.vertx(), config)) {
      db.query("drop table journal_topic");
      assertThat(db.query("delete from flyway_schema_history where version = '0.3'").rowCount()).isEqualTo(1);
      Db.migrate(config);
      assertThat(db.query("select count(*) from journal_topic").iterator().next().getLong(0)).isZero();
    }
  }
}
