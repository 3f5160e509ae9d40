package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Node;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Told;
import dev.sluice.contract.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// One gap-free cursor over the journals of eight services, with two gateways of which one is killed.
@Timeout(300)
class CursorTest {
  private static final int WRITERS = 8;
  private static final int ROUNDS = 50;
  /// Events on their way at most: so the writers are at work before, while and after the gateway dies.
  private static final int ON_THE_WAY = 200;
  private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");
  private final long seed = System.nanoTime();

  /// Appends facts to two streams of its own, round after round.
  private static final class Writer implements Callable<Map<String, Long>> {
    private final Chassis chassis;
    private final Random random;
    private final Semaphore room;
    private final CountDownLatch replaced;
    private final Map<String, Journal.Position> ends = new HashMap<>();

    Writer(Chassis chassis, long seed, Semaphore room, CountDownLatch replaced) {
      this.chassis = chassis;
      this.random = new Random(seed);
      this.room = room;
      this.replaced = replaced;
    }

    @Override
    public Map<String, Long> call() throws InterruptedException {
      for (int round = 0; round < ROUNDS; round++) {
        if (round == ROUNDS / 2) assertThat(replaced.await(180, TimeUnit.SECONDS)).isTrue();
        append(Topics.ROLLOUT, "rollout-of-" + chassis.config().service(), facts());
        append(Topics.INSTANCE, "instance-of-" + chassis.config().service(),
            List.of(new FleetEvent.InstanceSilent(new InstanceId("i"), new TemplateId("t"), AT)));
      }
      var told = new HashMap<String, Long>();
      ends.forEach((stream, end) -> told.put(stream, end.told()));
      return told;
    }

    private List<Object> facts() {
      return IntStream.range(0, 1 + random.nextInt(3)).mapToObj(_ -> switch (random.nextInt(3)) {
        case 0 -> new RolloutEvent.BatchStarted(0, 5);
        case 1 -> new RolloutEvent.Released();
        default -> new RolloutEvent.MembersSkipped(IntStream.range(0, 1 + random.nextInt(6))
            .mapToObj(i -> new RolloutEvent.Mark(i, new InstanceId("i" + i), 0, Reason.STOPPED)).toList());
      }).map(Object.class::cast).toList();
    }

    private void append(String topic, String stream, List<Object> facts) throws InterruptedException {
      assertThat(room.tryAcquire(facts.stream().mapToInt(Told::count).sum(), 120, TimeUnit.SECONDS)).as("seen in time").isTrue();
      var scope = topic.equals(Topics.ROLLOUT) ? new Scope(new RolloutId(stream), null, null) : Scope.NONE;
      var entries = facts.stream().map(fact -> new Journal.Entry(fact, scope)).toList();
      var end = ends.getOrDefault(stream, Journal.Position.START);
      ends.put(stream, chassis.db().inTransaction(tx -> chassis.journal().append(tx, topic, stream, stream, end, entries, AT, "writer")));
      chassis.journal().nudge();
    }
  }

  /// Follows the feed of one gateway after another, from its last cursor.
  private static final class Follower implements AutoCloseable {
    private final List<JsonNode> seen = new ArrayList<>();
    private Stream stream;

    void connect(int port) { stream = Stream.open(Calls.CLIENT, port, "?after=" + cursor()); }

    long cursor() { return seen.size() + stream().size(); }

    private List<JsonNode> stream() { return stream == null ? List.of() : stream.events(); }

    void lost() {
      await().atMost(Duration.ofSeconds(60)).until(() -> stream.closed.isDone());
      seen.addAll(stream.events());
      stream = null;
    }

    List<JsonNode> all() {
      var all = new ArrayList<>(seen);
      all.addAll(stream());
      return all;
    }

    @Override
    public void close() { stream.close(); }
  }

  @Test
  void every_reader_sees_every_event_once_in_order_though_a_gateway_is_killed() throws Exception {
    System.out.println("seed " + seed);
    var real = Real.fresh();
    var stop = new AtomicBoolean();
    var replaced = new CountDownLatch(1);
    var room = new Semaphore(ON_THE_WAY, true);
    var process = CompletableFuture.supplyAsync(() -> GatewayProcess.start(real.environment()));
    try (var node = Node.alone();
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        var stays = GatewayService.start(node, real.gateway());
        var dies = process.join()) {
      var opening = IntStream.range(0, WRITERS).mapToObj(i -> CompletableFuture.supplyAsync(() -> real.writer(node, i), threads)).toList();
      var chassis = opening.stream().map(CompletableFuture::join).toList();
      var writers = IntStream.range(0, WRITERS).mapToObj(i -> threads.submit(new Writer(chassis.get(i), seed + i, room, replaced)))
          .toList();
      var poller = threads.submit(() -> poll(stays.port(), stop, room));
      try (var one = new Follower(); var other = new Follower()) {
        one.connect(stays.port());
        other.connect(dies.port());
        await().atMost(Duration.ofSeconds(60)).until(() -> one.cursor() > 200 && other.cursor() > 200);
        dies.kill();
        other.lost();
        try (var next = GatewayProcess.start(real.environment())) {
          other.connect(next.port());
          replaced.countDown();
          var told = new HashMap<String, Long>();
          for (var writer : writers)
            told.putAll(writer.get(180, TimeUnit.SECONDS));
          long total = told.values().stream().mapToLong(Long::longValue).sum();
          await().atMost(Duration.ofSeconds(60)).until(() -> one.cursor() >= total && other.cursor() >= total);
          assertWhole(one.all(), told, total);
          assertWhole(other.all(), told, total);
          stop.set(true);
          assertThat(poller.get(60, TimeUnit.SECONDS)).isSorted().doesNotHaveDuplicates();
          assertEachCursorFindsTheNext(List.of(stays.port(), next.port()), total);
        }
      } finally {
        stop.set(true);
        chassis.forEach(Chassis::close);
      }
    }
  }

  private static void assertWhole(List<JsonNode> events, Map<String, Long> told, long total) {
    assertThat(events).extracting(e -> e.path("id").asLong()).containsExactlyElementsOf(LongStream.rangeClosed(1, total).boxed().toList());
    var places = new HashMap<String, Long>();
    for (var event : events) {
      if (!event.hasNonNull("rollout_id")) continue;
      assertThat(event.path("stream_seq").asLong()).isEqualTo(places.merge(event.path("rollout_id").asText(), 1L, Long::sum));
    }
    places.forEach((stream, count) -> assertThat(count).as(stream).isEqualTo(told.get(stream)));
    assertThat(places).hasSize(WRITERS);
  }

  /// Polls with a cursor while all happens; the ids that were seen, each exactly one more than the one before.
  private static List<Long> poll(int port, AtomicBoolean stop, Semaphore room) {
    var ids = new ArrayList<Long>();
    long cursor = 0;
    while (!stop.get()) {
      var page = Calls.get(port, "/v1/events?limit=20&after=" + cursor);
      for (var event : page.path("events")) {
        assertThat(event.path("id").asLong()).isEqualTo(cursor + 1);
        ids.add(++cursor);
      }
      assertThat(page.path("next_cursor").asLong()).isEqualTo(cursor);
      room.release(page.path("events").size());
    }
    return ids;
  }

  private static void assertEachCursorFindsTheNext(List<Integer> ports, long total) throws Exception {
    var cursor = new AtomicInteger();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var readers = IntStream.range(0, 4).mapToObj(i -> threads.submit(() -> {
        for (long at = cursor.getAndIncrement(); at < total; at = cursor.getAndIncrement())
          assertThat(Calls.get(ports.get(i % 2), "/v1/events?limit=1&after=" + at).path("events").path(0).path("id").asText())
              .isEqualTo(Long.toString(at + 1));
        return true;
      })).toList();
      for (var reader : readers)
        assertThat(reader.get(120, TimeUnit.SECONDS)).isTrue();
    }
  }
}
