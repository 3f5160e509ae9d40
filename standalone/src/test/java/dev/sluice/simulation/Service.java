package dev.sluice.simulation;

import dev.sluice.contract.Decider;
import dev.sluice.contract.Decision;
import dev.sluice.simulation.Replica.Loaded;
import dev.sluice.simulation.Replica.Work;
import dev.sluice.simulation.Store.Row;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// A service: its database, two processes, and the plumbing between them and the topics, which keeps the promises of the chassis and no others.
abstract class Service {
  final String name;
  final World world;
  final Store store = new Store();
  final List<Replica> replicas;
  private final List<String> topics;

  Service(World world, String name, String... topics) {
    this.world = world;
    this.name = name;
    this.topics = List.of(topics);
    this.replicas = List.of(new Replica(this, 1), new Replica(this, 2));
  }

  /// What is done with a message, in steps; null where it is done at once, in one transaction.
  abstract Work take(Replica replica, Row message);

  boolean anyUp() { return replicas.stream().anyMatch(r -> r.up); }

  /// A process goes on with what it is in the middle of, or begins something.
  ///
  /// @return whether there was anything to do
  boolean step(Replica replica) {
    if (replica.work == null) replica.work = next(replica);
    if (replica.work == null) return false;
    var work = replica.work;
    var point = work.step();
    if (work.done() && replica.work == work) {
      replica.work = null;
      replica.reading = null;
    }
    if (point != null) world.survives(replica, point);
    return true;
  }

  private Work next(Replica replica) {
    if (!replica.wishes.isEmpty() && world.random.nextInt(3) > 0) return replica.wishes.poll();
    if (!store.untold.isEmpty() && world.random.nextBoolean()) return new Telling();
    var polled = poll(replica);
    if (polled != null) return polled;
    if (!replica.wishes.isEmpty()) return replica.wishes.poll();
    return store.untold.isEmpty() ? null : new Telling();
  }

  private Work poll(Replica replica) {
    var candidates = new ArrayList<String[]>();
    for (var topic : topics)
      for (var key : world.broker.behind(name, topic)) {
        var reading = topic + "/" + key;
        boolean others = replicas.stream().anyMatch(r -> r != replica && reading.equals(r.reading));
        // while partitions move, two processes read one key
        if (!others || world.chaos && world.random.nextInt(8) == 0) candidates.add(new String[]{topic, key});
      }
    if (candidates.isEmpty()) return null;
    var one = candidates.get(world.random.nextInt(candidates.size()));
    replica.reading = one[0] + "/" + one[1];
    return new Polling(replica, one[0], one[1]);
  }

  /// The relay: tells rows in order, then marks them as told.
  private final class Telling implements Work {
    private List<Row> told;
    private boolean done;

    @Override
    public CrashPoint step() {
      if (told == null) {
        told = List.copyOf(store.untold.subList(0, Math.min(store.untold.size(), 1 + world.random.nextInt(4))));
        told.forEach(world.broker::publish);
        return told.isEmpty() ? null : CrashPoint.PUBLISHED;
      }
      store.untold.removeAll(told);
      done = true;
      return CrashPoint.MARKED;
    }

    @Override
    public boolean done() { return done; }
  }

  /// The inbox: polls, takes each message, keeps the place.
  private final class Polling implements Work {
    private final Replica replica;
    private final String topic;
    private final String key;
    private final int from;
    private final List<Row> messages;
    private int at;
    private Work inner;
    private boolean polled;
    private boolean done;

    Polling(Replica replica, String topic, String key) {
      this.replica = replica;
      this.topic = topic;
      this.key = key;
      from = world.broker.place(name, topic, key);
      messages = world.broker.read(name, topic, key, 1 + world.random.nextInt(3));
    }

    @Override
    public CrashPoint step() {
      if (!polled) {
        polled = true;
        return CrashPoint.POLLED;
      }
      if (inner != null) {
        var point = inner.step();
        if (inner.done()) {
          inner = null;
          at++;
        }
        return point;
      }
      if (at < messages.size()) {
        var message = messages.get(at);
        world.tell(() -> replica + " takes " + message.event());
        inner = take(replica, message);
        if (inner != null && !inner.done()) return null;
        inner = null;
        at++;
        return CrashPoint.TAKEN;
      }
      world.broker.keep(name, topic, key, from + messages.size());
      done = true;
      return CrashPoint.COMMITTED;
    }

    @Override
    public boolean done() { return done; }
  }

  /// Several works, one after the other; a null is none.
  static final class Sequence implements Work {
    private final Deque<java.util.function.Supplier<Work>> rest = new ArrayDeque<>();
    private Work now;

    @SafeVarargs
    Sequence(java.util.function.Supplier<Work>... works) {
      rest.addAll(List.of(works));
      advance();
    }

    private void advance() {
      while ((now == null || now.done()) && !rest.isEmpty())
        now = rest.poll().get();
    }

    @Override
    public CrashPoint step() {
      if (done()) return null;
      var point = now.step();
      advance();
      return point;
    }

    @Override
    public boolean done() { return (now == null || now.done()) && rest.isEmpty(); }
  }

  /// A desk: loads what is new, decides, appends; where a rival was first, again.
  final class Desk<S, C, E> {
    private final String topic;
    private final Decider<S, C, E> decider;
    private final UnaryOperator<S> enrich;
    private final BiConsumer<S, List<Row>> committed;

    Desk(String topic, Decider<S, C, E> decider, UnaryOperator<S> enrich, BiConsumer<S, List<Row>> committed) {
      this.topic = topic;
      this.decider = decider;
      this.enrich = enrich;
      this.committed = committed;
    }

    /// The state of a stream as a process knows it after reading what is new.
    @SuppressWarnings("unchecked")
    S load(Replica replica, String stream) {
      var known = replica.cache.get(stream);
      boolean fromNothing = known == null;
      var state = fromNothing ? decider.initial() : (S) known.state();
      var rows = store.stream(stream);
      for (int i = fromNothing ? 0 : known.end(); i < rows.size(); i++)
        state = decider.evolve(state, (E) rows.get(i).event());
      state = enrich.apply(state);
      if (fromNothing && replica.restarted) state = world.remembered(state);
      replica.cache.put(stream, new Loaded(state, rows.size()));
      return state;
    }

    /// The state as its events say it, and nothing else.
    @SuppressWarnings("unchecked")
    S replayed(String stream) {
      var state = decider.initial();
      for (var row : store.stream(stream))
        state = decider.evolve(state, (E) row.event());
      return enrich.apply(state);
    }

    /// @param command made from the state that it meets
    Work handle(Replica replica, String stream, Function<S, C> command, String actor) {
      return handle(replica, stream, command, actor, (_, _) -> {});
    }

    Work handle(Replica replica, String stream, Function<S, C> command, String actor,
        BiConsumer<C, Decision<E>> then) {
      return new Work() {
        private List<E> events;
        private List<E> found;
        private S before;
        private int end;
        private C asked;
        private boolean done;

        @Override
        public CrashPoint step() {
          if (events == null) {
            before = load(replica, stream);
            end = replica.cache.get(stream).end();
            asked = command.apply(before);
            var decision = decider.decide(before, asked);
            if (!(decision instanceof Decision.Accepted<E>(var accepted)) || accepted.isEmpty()) {
              done = true;
              then.accept(asked, decision);
              return CrashPoint.DECIDED;
            }
            events = accepted;
            return CrashPoint.DECIDED;
          }
          var rows = store.append(topic, stream, end, events, world.now, actor);
          found = events;
          events = null;
          if (rows == null) {
            replica.cache.remove(stream);
            world.rivals++;
            return null;
          }
          done = true;
          for (var row : rows)
            world.tell(() -> replica + " writes " + row.seq() + " " + row.event());
          var after = before;
          for (var event : found)
            after = decider.evolve(after, event);
          committed.accept(after, rows);
          then.accept(asked, Decision.accepted(found));
          return CrashPoint.APPENDED;
        }

        @Override
        public boolean done() { return done; }
      };
    }
  }
}
