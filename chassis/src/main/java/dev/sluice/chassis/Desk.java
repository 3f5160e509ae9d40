package dev.sluice.chassis;

import dev.sluice.contract.Decider;
import dev.sluice.contract.Decision;
import dev.sluice.contract.Problem;
import dev.sluice.contract.Scope;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// Where a command meets a stream: load (cached, then what came since), decide, append with the views in one transaction; if a rival was first, again.
///
/// Promises: a command is decided on the newest state or its append fails; its events, its views and its messages are committed together or not at all;
/// two commands to one stream in one process wait for each other; at most eight tries against rivals, then an [Outage].
///
/// @param <S> state, @param <C> commands, @param <E> events of the decider
public final class Desk<S, C, E> {
  /// What the decider itself does not say of its streams.
  ///
  /// @param topic  where the events are told
  /// @param kinds  of the events
  /// @param key    the message key of a stream, from its name and its state after the events
  /// @param scope  what the events are about, from the state after them
  /// @param view   keeps rows for reading, in the append's transaction
  /// @param enrich attaches what the state needs but no event carries; called after each load and append
  public record Stream<S, C, E>(String topic, Kinds kinds, BiFunction<String, S, String> key, Function<S, Scope> scope, View<S, C, E> view,
      UnaryOperator<S> enrich) {}

  /// A command that was decided to at least one event.
  ///
  /// @param actor  who wished it
  /// @param before the state before the events
  /// @param from   the stream's end before them
  /// @param after  the state after them
  /// @param end    the stream's end after them
  public record Change<S, C, E>(String stream, String actor, C command, S before, Journal.Position from, List<E> events, S after,
      Journal.Position end, Instant at) {}

  /// Rows for reading, written in the append's transaction.
  public interface View<S, C, E> {
    void apply(Db.Tx tx, Change<S, C, E> change);
  }

  /// A stream as it stands.
  ///
  /// @param at when its last fact was recorded
  public record Loaded<S>(S state, Journal.Position end, Instant at) {}

  /// What became of a command.
  public sealed interface Outcome<S, E> {
    /// The state after it, or the [ProblemException] to throw.
    default Done<S, E> orThrow() {
      return switch (this) {
        case Done<S, E> done -> done;
        case Refused<S, E> refused -> throw new ProblemException(refused.problem());
      };
    }
  }

  /// @param events none where nothing was new
  public record Done<S, E>(S state, Journal.Position end, List<E> events) implements Outcome<S, E> {}

  public record Refused<S, E>(Problem problem) implements Outcome<S, E> {}

  private static final int CACHED = 1_000;
  private static final int TRIES = 8;
  private final Db db;
  private final Journal journal;
  private final InstantSource clock;
  private final Decider<S, C, E> decider;
  private final Stream<S, C, E> about;
  private final ReentrantLock[] locks = new ReentrantLock[256];
  private final Map<String, Loaded<S>> cache = new LinkedHashMap<>(16, 0.75f, true) {
    private static final long serialVersionUID = 1;

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Loaded<S>> eldest) { return size() > CACHED; }
  };

  /// Its surroundings are [Chassis#db], [Chassis#journal] and [Chassis#clock].
  public Desk(Db db, Journal journal, InstantSource clock, Decider<S, C, E> decider, Stream<S, C, E> about) {
    this.db = db;
    this.journal = journal;
    this.clock = clock;
    this.decider = decider;
    this.about = about;
    for (int i = 0; i < locks.length; i++)
      locks[i] = new ReentrantLock(true); // who tells one verdict after the other lets an abort in between
  }

  /// The stream as it stands now.
  public Loaded<S> load(String stream) {
    var lock = locked(stream);
    try {
      return catchUp(stream);
    } finally {
      lock.unlock();
    }
  }

  /// Does a command.
  ///
  /// @param actor who wishes it; stands in the journal
  public Outcome<S, E> handle(String stream, C command, String actor) { return handle(stream, command, actor, _ -> {}); }

  /// Does a command, and `also` in the same transaction, even where nothing was new.
  public Outcome<S, E> handle(String stream, C command, String actor, java.util.function.Consumer<Db.Tx> also) {
    return handle(stream, _ -> command, actor, also);
  }

  /// Does a command that is made from the state it meets.
  public Outcome<S, E> handle(String stream, Function<S, C> command, String actor) { return handle(stream, command, actor, _ -> {}); }

  private Outcome<S, E> handle(String stream, Function<S, C> command, String actor, java.util.function.Consumer<Db.Tx> also) {
    var lock = locked(stream);
    try {
      for (int i = 0; i < TRIES; i++) {
        try {
          return attempt(stream, command, actor, also);
        } catch (Journal.Rival e) {
          forget(stream);
        }
      }
      throw new Outage("too many rivals write " + stream, null);
    } finally {
      lock.unlock();
    }
  }

  private Outcome<S, E> attempt(String stream, Function<S, C> command, String actor, java.util.function.Consumer<Db.Tx> also) {
    var loaded = catchUp(stream);
    var asked = command.apply(loaded.state());
    return switch (decider.decide(loaded.state(), asked)) {
      case Decision.Refused<E>(var problem) -> new Refused<>(problem);
      case Decision.Accepted<E>(var events) -> {
        var state = loaded.state();
        for (var event : events)
          state = decider.evolve(state, event);
        var after = about.enrich().apply(state);
        // the last fact may be of another replica, whose clock is a little ahead: time does not go back in a stream
        var now = clock.instant();
        var at = now.isBefore(loaded.at()) ? loaded.at() : now;
        var entries = new ArrayList<Journal.Entry>();
        for (var event : events)
          entries.add(new Journal.Entry(event, about.scope().apply(after)));
        var end = db.inTransaction(tx -> {
          var newEnd = journal.append(tx, about.topic(), stream, about.key().apply(stream, after), loaded.end(), entries, at, actor);
          if (!events.isEmpty())
            about.view().apply(tx, new Change<>(stream, actor, asked, loaded.state(), loaded.end(), events, after, newEnd, at));
          also.accept(tx);
          return newEnd;
        });
        remember(stream, new Loaded<>(after, end, events.isEmpty() ? loaded.at() : at));
        if (!events.isEmpty()) journal.nudge();
        yield new Done<>(after, end, events);
      }
    };
  }

  private Loaded<S> catchUp(String stream) {
    Loaded<S> cached;
    synchronized (cache) {
      cached = cache.get(stream);
    }
    var state = cached == null ? decider.initial() : cached.state();
    var end = cached == null ? Journal.Position.START : cached.end();
    var at = cached == null ? Instant.MIN : cached.at();
    while (true) {
      var more = journal.after(stream, end.seq(), about.kinds());
      for (var message : more) {
        @SuppressWarnings("unchecked")
        var event = (E) message.event();
        state = decider.evolve(state, event);
        end = new Journal.Position(message.seq(), message.toldTo());
        at = message.at();
      }
      if (more.size() < 1_000) break;
    }
    var loaded = new Loaded<>(about.enrich().apply(state), end, at);
    if (!end.equals(Journal.Position.START)) remember(stream, loaded); // streams that are not there would push out those that are
    return loaded;
  }

  private void remember(String stream, Loaded<S> loaded) {
    synchronized (cache) {
      cache.put(stream, loaded);
    }
  }

  private void forget(String stream) {
    synchronized (cache) {
      cache.remove(stream);
    }
  }

  /// Where the database is away, who waits for longer than one command would wait for several.
  private ReentrantLock locked(String stream) {
    var lock = locks[Math.floorMod(stream.hashCode(), locks.length)];
    try {
      if (lock.tryLock(Db.LIMIT.toMillis(), TimeUnit.MILLISECONDS)) return lock;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new Outage("too many wait for " + stream, null);
  }
}
