package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.sluice.contract.Ask;
import dev.sluice.contract.TemplateId;
import dev.sluice.sandbox.Proxy;
import dev.sluice.sandbox.Ports;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class NodeTest {
  private static final String HOST = "127.0.0.1";
  private static final Ask.TemplateOf QUESTION = new Ask.TemplateOf(new TemplateId("t"));
  private static final String SUBS = "__vertx.subs";
  private static final String INFO = "__vertx.nodeInfo";
  private static final Duration LIMIT = Duration.ofSeconds(2);

  /// As a process does that is frozen: its kernel lets callers in.
  @Test
  void a_member_that_says_nothing_keeps_nobody_from_starting_costs_no_processor_time_and_is_found_when_it_speaks() {
    int there = Ports.free();
    try (var way = Proxy.to(HOST, there);
        var silent = Node.clustered(new Node.Place(HOST, there, way.port(), 0, 0), List.of(way.address()))) {
      answers(silent);
      way.hold(_ -> true);
      int here = Ports.free();
      try (var node = Node.clustered(new Node.Place(HOST, here), List.of(HOST + ":" + here, way.address()))) {
        var asks = new Asks(node.vertx(), node.threads(), 0);
        var grid = grid(here);
        assertThatThrownBy(() -> asks.ask(QUESTION, LIMIT)).isInstanceOf(Outage.class);
        // Long enough for it to look for others. No rule is a time here: who turns in circles is seen by nothing else.
        await().pollInterval(Duration.ofMillis(500)).during(Duration.ofSeconds(8)).atMost(Duration.ofSeconds(20))
            .untilAsserted(() -> assertThat(outbound(grid)).isLessThan(Duration.ofSeconds(1)));
        way.hold(_ -> false);
        awaitAnswer(asks, Duration.ofSeconds(60));
      }
    }
  }

  /// As where a router forgot a connection: nobody hears of it, and new ones pass.
  @Test
  void a_way_of_the_event_bus_that_leads_nowhere_is_given_up_and_the_next_ask_takes_another_one() {
    int here = Ports.free();
    int there = Ports.free();
    int bus = Ports.free();
    var members = List.of(HOST + ":" + here, HOST + ":" + there);
    try (var way = Proxy.to(HOST, bus);
        var answering = Node.clustered(new Node.Place(HOST, there, 0, bus, way.port()), members);
        var asking = Node.clustered(new Node.Place(HOST, here), members)) {
      answers(answering);
      var asks = new Asks(asking.vertx(), asking.threads(), 0);
      awaitAnswer(asks, Duration.ofSeconds(60));
      var lost = ConcurrentHashMap.<Integer>newKeySet();
      way.hold(client -> {
        lost.add(client);
        return true;
      });
      assertThatThrownBy(() -> asks.ask(QUESTION, LIMIT)).isInstanceOf(Outage.class);
      way.hold(Set.copyOf(lost)::contains);
      awaitAnswer(asks, Duration.ofSeconds(60));
    }
  }

  /// As it happens where a member comes back that had been given up (seen once in 14 rounds of ways that are held): what it says is deleted, and nobody notices.
  @Test
  void what_others_deleted_of_a_living_member_is_said_again() {
    int here = Ports.free();
    int there = Ports.free();
    var members = List.of(HOST + ":" + here, HOST + ":" + there);
    try (var answering = Node.clustered(new Node.Place(HOST, there), members);
        var asking = Node.clustered(new Node.Place(HOST, here), members)) {
      answers(answering);
      var grid = grid(here);
      await().atMost(Duration.ofSeconds(60)).until(
          () -> grid.getCluster().getMembers().size() == 2 && grid.getMultiMap(SUBS).size() > 0 && grid.getMap(INFO).size() == 2);
      grid.getMultiMap(SUBS).clear();
      grid.getMap(INFO).clear();
      var asks = new Asks(asking.vertx(), asking.threads(), 0);
      awaitAnswer(asks, Duration.ofSeconds(60));
    }
  }

  private static void answers(Node node) {
    new Asks(node.vertx(), node.threads(), 0).answer(Ask.Service.PLANNER, Ask.TemplateOf.class,
        q -> new Ask.TemplateView(q.templateId(), "web", List.of()));
  }

  private static void awaitAnswer(Asks asks, Duration most) {
    await().atMost(most).ignoreException(Outage.class)
        .untilAsserted(() -> assertThat(asks.ask(QUESTION, LIMIT).name()).isEqualTo("web"));
  }

  /// Other tests' nodes come and go in this JVM.
  private static HazelcastInstance grid(int port) {
    return await().atMost(Duration.ofSeconds(100)).ignoreExceptions().until(() -> Hazelcast.getAllHazelcastInstances().stream()
        .filter(one -> one.getLifecycleService().isRunning() && one.getCluster().getLocalMember().getAddress().getPort() == port)
        .findFirst(),
        Optional::isPresent).orElseThrow();
  }

  /// The processor time of the threads by which a member writes to others.
  private static Duration outbound(HazelcastInstance grid) {
    var threads = ManagementFactory.getThreadMXBean();
    return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
        .filter(thread -> thread != null && thread.getThreadName().startsWith("hz." + grid.getName() + ".IO.thread-out"))
        .map(thread -> Duration.ofNanos(threads.getThreadCpuTime(thread.getThreadId()))).reduce(Duration::plus).orElseThrow();
  }
}
