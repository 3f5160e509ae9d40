package dev.sluice.health.ingest;

import dev.sluice.chassis.Loop;
import dev.sluice.chassis.Outage;
import dev.sluice.health.store.CellStore;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The instances that this replica has met. One that it has not is read from the database, many at a time.
public final class Cells implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Cells.class);
  private static final int AT_ONCE = 2_000;
  private static final int WAITING_AT_MOST = 100_000;
  private static final int DISPUTED_AT_MOST = 10_000;
  /// How soon what is in dispute is read again.
  private static final Duration SETTLE = Duration.ofMillis(500);

  private record Missing(String id, Promise<Cell> promise) {}

  private final ConcurrentHashMap<String, Cell> cells = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Missing> missing = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  /// Instances that are not enrolled any more, until the loop drops them.
  private final Set<Cell> gone = ConcurrentHashMap.newKeySet();
  /// Instances of which it must be found out which boot is the present one.
  private final Set<String> disputed = ConcurrentHashMap.newKeySet();
  private long settledNanos = System.nanoTime() - SETTLE.toNanos();
  private final CellStore store;
  private final HeartbeatBuffer buffer;
  private final Loop loop;

  Cells(CellStore store, HeartbeatBuffer buffer) {
    this.store = store;
    this.buffer = buffer;
    this.loop = new Loop("health-cells", Duration.ofSeconds(1), this::round);
  }

  /// An instance that is in memory; null otherwise. Never waits.
  public Cell known(String id) {
    var cell = cells.get(id);
    return cell == null || cell.credentials() == null ? null : cell;
  }

  /// An instance, read though it may be in memory, since what was read before may be old; its credentials are null where there is none. Fails where the database is
  /// away. Completes on any thread.
  public Future<Cell> again(String id) {
    if (waiting.get() >= WAITING_AT_MOST) return Future.failedFuture("too many new instances at once");
    waiting.incrementAndGet();
    var promise = Promise.<Cell>promise();
    missing.add(new Missing(id, promise));
    loop.nudge();
    return promise.future();
  }

  /// Reads those of the instances that are in memory. Blocks. Where the database is away the follower reads them later.
  void refresh(Collection<String> ids) {
    var mine = ids.stream().filter(cells::containsKey).toList();
    if (mine.isEmpty()) return;
    try {
      read(mine);
    } catch (Outage e) {
      log.atDebug().log("Not read again at once: {}", e.getMessage());
    }
  }

  Optional<Cell> find(String id) { return Optional.ofNullable(cells.get(id)); }

  Iterable<Cell> all() { return cells.values(); }

  public int size() { return cells.size(); }

  /// A row of an instance that is in memory.
  Optional<Cell> learn(CellStore.CredentialsRow row) {
    var cell = find(row.instanceId());
    cell.ifPresent(c -> {
      c.learn(row.credentials());
      if (!row.credentials().enrolled()) gone.add(c);
    });
    return cell;
  }

  /// A boot that is a replaced one as far as this replica knows goes on, or it does not know of any: it may have heard a late heartbeat of a boot that another replica
  /// saw replaced. What was judged says which is the present one. Never waits.
  public void dispute(Cell cell) {
    if (disputed.size() < DISPUTED_AT_MOST) disputed.add(cell.id());
  }

  /// Where the database is away it has another turn.
  private void settle() {
    long now = System.nanoTime();
    if (disputed.isEmpty() || now - settledNanos < SETTLE.toNanos()) return;
    settledNanos = now;
    var ids = disputed.stream().limit(AT_ONCE).toList();
    try {
      var open = new HashSet<String>();
      for (var row : store.orders(ids))
        find(row.instanceId()).filter(cell -> !buffer.judged(cell, row)).ifPresent(cell -> open.add(cell.id()));
      ids.stream().filter(id -> !open.contains(id)).forEach(disputed::remove);
    } catch (Outage e) {
      log.atDebug().log("The order of boots is not read: {}", e.getMessage());
    }
  }

  private boolean round() {
    drop();
    boolean more = load();
    settle();
    return more;
  }

  /// @return whether there may be more to load
  private boolean load() {
    var asked = new ArrayList<Missing>();
    for (Missing next; asked.size() < AT_ONCE && (next = missing.poll()) != null;)
      asked.add(next);
    if (asked.isEmpty()) return false;
    waiting.addAndGet(-asked.size());
    // in memory before it is read, so that the follower passes over nothing; only this thread takes out what is there
    var read = new HashMap<String, Cell>();
    asked.forEach(m -> read.computeIfAbsent(m.id, id -> cells.computeIfAbsent(id, Cell::new)));
    Throwable failure = null;
    try {
      read(List.copyOf(read.keySet()));
    } catch (RuntimeException | Error e) { // whoever waits is told in any case: no deadline passes while he does
      failure = e;
    }
    for (var cell : read.values())
      if (cell.credentials() == null) cells.remove(cell.id(), cell);
    for (var m : asked)
      if (failure == null) m.promise.tryComplete(read.get(m.id));
      else
        m.promise.tryFail(failure);
    if (failure instanceof Error error) throw error;
    return !missing.isEmpty();
  }

  private void drop() {
    for (var cell : gone)
      if (cell.drops()) {
        cells.remove(cell.id(), cell);
        gone.remove(cell);
      } else if (cell.credentials().enrolled()) gone.remove(cell);
  }

  private void read(List<String> ids) {
    // all, before any is learned: whoever is known by half is told that there is nothing to run
    var credentials = store.credentials(ids);
    var assigned = store.assigned(ids);
    for (var row : store.orders(ids))
      find(row.instanceId()).ifPresent(cell -> buffer.begins(cell, row));
    credentials.forEach(this::learn);
    var tokens = credentials.stream().collect(Collectors.toMap(CellStore.CredentialsRow::instanceId, row -> row.credentials().tokenHash()));
    // what another machine must run that was enrolled under the id meanwhile is not read here
    for (var row : assigned)
      find(row.instanceId()).filter(cell -> cell.holds(tokens.get(row.instanceId()))).ifPresent(cell -> cell.learn(row.assigned()));
  }

  @Override
  public void close() { loop.close(); }
}
