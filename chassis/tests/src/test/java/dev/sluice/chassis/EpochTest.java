package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A journal that came back from an older backup under newer topics, and topics that came back empty under a journal, on a real PostgreSQL and a real Kafka.
class EpochTest {
  private static final Node NODE = Node.alone();
  private static final Duration SOON = Duration.ofSeconds(100);
  private static final Instant RESTORED = Instant.parse("2026-11-26T13:00:00Z");

  @AfterAll
  static void end() { NODE.close(); }

  @Test
  void a_restored_journal_is_told_again_and_of_what_it_does_not_know_nothing_is_read() {
    var config = Real.config("planner");
    try (var lost = Chassis.open(NODE, config)) {
      enrol(lost, 0, 4);
      published(lost, 4);
      // the backup knows two facts, and a reader that has read one of them
      lost.db().query("delete from journal where seq > 2");
      lost.db().query("insert into inbox_position (topic, stream, epoch, seq) values ('sluice.instance', 'i', 1, 1)");
    }
    // a Kafka that is slow is taken for one that is away, and nothing is found
    await().atMost(SOON).untilAsserted(() -> assertThatThrownBy(() -> Chassis.open(NODE, config).close())
        .as("nobody said that it was restored").hasMessageContaining("does not know i/4").hasMessageContaining("SLUICE_RESTORED_AT"));
    try (var restored = Chassis.open(NODE, in(config, Epoch.restored(RESTORED)))) {
      var read = Collections.synchronizedList(new ArrayList<Message>());
      var fresh = Collections.synchronizedList(new ArrayList<Message>());
      restored.inbox(Topics.INSTANCE, new Kinds(FleetEvent.class), messages -> {
        read.addAll(messages);
        restored.db().doInTransaction(tx -> messages.stream().filter(m -> Inbox.fresh(tx, m)).forEach(fresh::add));
      });
      enrol(restored, 2, 1);
      await().atMost(SOON).until(() -> fresh.size() == 2);
      assertThat(read).extracting(Message::seq).as("what the topic held before is passed over").containsExactly(1L, 2L, 3L);
      assertThat(fresh).extracting(m -> m.epoch() + "/" + m.seq())
          .as("what was read before the backup is a repeat, the place used again is none")
          .containsExactly("1/2", restored.epoch().number() + "/3");
    }
    try (var later = Chassis.open(NODE, in(config, Epoch.restored(RESTORED)))) {
      assertThat(later.db().query("select 1 from journal where published_at is null").rowCount()).as("once").isZero();
      assertThat(later.epoch().began()).isEqualTo(RESTORED);
    }
  }

  @Test
  void an_epoch_is_later_than_the_ones_before_also_where_the_same_backup_is_restored_again() {
    assertThat(Epoch.restored(null)).isEqualTo(Epoch.FIRST);
    assertThat(Epoch.FIRST.leap()).isZero();
    assertThat(Epoch.restored(RESTORED.plusSeconds(1)).leap()).isEqualTo(Epoch.restored(RESTORED).leap() + 1);
  }

  @Test
  void a_time_of_a_restore_is_of_the_past() {
    var settings = new Settings(Map.of("A", "2026-11-26T13:00:00Z", "B", "2999-01-01T00:00:00Z", "C", "yesterday"));
    assertThat(settings.past("A", "")).isEqualTo(RESTORED);
    assertThat(settings.past("none", "")).isNull();
    settings.past("B", "");
    settings.past("C", "");
    assertThatThrownBy(settings::check).hasMessageContaining("B must be a time of the past").hasMessageContaining("not yesterday");
  }

  @Test
  void a_topic_that_was_lost_and_made_again_gets_what_it_held() throws Exception {
    var config = Real.config("planner");
    try (var before = Chassis.open(NODE, config)) {
      enrol(before, 0, 3);
      published(before, 3);
    }
    var topic = config.topicPrefix() + Topics.INSTANCE;
    try (var admin = Admin.create(Map.of("bootstrap.servers", config.kafka()))) {
      admin.deleteTopics(List.of(topic)).all().get();
      await().atMost(SOON).until(() -> !admin.listTopics().names().get().contains(topic));
      try (var after = Chassis.open(NODE, config)) {
        var read = Collections.synchronizedList(new ArrayList<Message>());
        enrol(after, 3, 1);
        admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all().get();
        after.inbox(Topics.INSTANCE, new Kinds(FleetEvent.class), read::addAll);
        await().atMost(SOON).until(() -> read.size() == 4);
        assertThat(read).extracting(Message::seq).as("the older first").containsExactly(1L, 2L, 3L, 4L);
      }
    }
  }

  /// A week of a long journal with gaps is told again, and no more: once for each fact, though all that is given is marked as published at once.
  @Test
  @Timeout(200)
  void the_last_week_of_a_long_journal_is_given_again_once_whatever_is_marked_meanwhile() {
    var config = Real.config("planner");
    Db.migrate(config);
    try (var db = Db.open(NODE.vertx(), config)) {
      assertThat(Journal.publishAgain(db, null)).as("there is nothing").isZero();
      db.query("""
          insert into journal (position, epoch, stream, seq, told_to, topic, key, kind, at, scope, data, published_at) overriding system value
          select case when n <= 21000 then n else n + 50000 end, 1, 'i', n, n, case when n % 2 = 0 then 'even' else 'odd' end, 'i', 'k',
                 timestamptz '2026-01-09T00:00:00Z' - interval '8 days' * (n <= 1000)::int - interval '6 days' * (n between 1001 and 21000)::int,
                 '{}', '{}', now()
            from generate_series(1, 45000) as n
          """);
      db.query("create table given (position bigint)");
      db.query("""
          create function mark() returns trigger language plpgsql as $$
          begin
            insert into given values (new.position);
            new.published_at := now();
            return new;
          end $$
          """);
      db.query("create trigger mark before update on journal for each row execute function mark()");
      assertThat(Journal.publishAgain(db, null)).isEqualTo(44_000);
      assertThat(Journal.publishAgain(db, "even")).isEqualTo(22_000);
      var given = db.query("select count(*) as times, count(distinct position) as facts, min(position) as first from given").iterator()
          .next();
      assertThat(given.getLong("times")).isEqualTo(66_000);
      assertThat(given.getLong("facts")).isEqualTo(44_000);
      assertThat(given.getLong("first")).as("the older ones are no more in any topic").isEqualTo(1_001);
    }
  }

  private static void enrol(Chassis c, long after, int more) {
    var entries = IntStream.range(0, more)
        .mapToObj(n -> new Journal.Entry(new FleetEvent.InstanceEnrolled(new InstanceId("i"), new TemplateId("t"), "n"), Scope.NONE))
        .toList();
    c.db().doInTransaction(
        tx -> c.journal().append(tx, Topics.INSTANCE, "i", "i", new Journal.Position(after, after), entries, c.clock().instant(), "x"));
    c.journal().nudge();
  }

  private static void published(Chassis c, int facts) {
    await().atMost(SOON).until(() -> c.db().query("select 1 from journal where published_at is not null").rowCount() == facts);
  }

  private static ServiceConfig in(ServiceConfig c, Epoch epoch) {
    return new ServiceConfig(c.service(), c.host(), c.port(), c.pgHost(), c.pgPort(), c.pgDatabase(), c.pgUser(), c.pgPassword(),
        c.schema(),
        c.pgPoolSize(), c.kafka(), c.topicPrefix(), c.kafkaSessionTimeoutMs(), epoch, c.asksFailPct());
  }
}
