package dev.sluice.health.ingest;

import dev.sluice.health.domain.Observation;
import dev.sluice.health.store.CellStore.OrderRow;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// One instance in a replica's memory: enough to check its token and to answer its heartbeats. What a replica learns twice, in whatever order, it keeps by the
/// number of the transaction that wrote it.
public final class Cell {
  /// Whoever waits for an instruction: a long poll, a socket. Called on any thread.
  public interface Listener {
    void mayHaveChanged();

    /// Too many of its kind came after it: it is told nothing more.
    void leave();
  }

  private static final int REPLACED_KEPT = 8;
  private final String id;
  private volatile Credentials credentials;
  private volatile List<Assigned> assigned = List.of();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  private volatile long toldNanos;

  private boolean dropped;

  // guarded by the buffer
  private long heardEnrolment;
  String bootId;
  /// When the first heartbeat of the present boot was received here; null: none was.
  Instant since;
  long sequence;
  List<String> replaced = List.of();
  Waiting waiting;
  private volatile Observation said;
  private volatile Observation known;

  Cell(String id) {
    this.id = id;
  }

  public String id() { return id; }

  /// Null until it is loaded, or where there is no such instance.
  public Credentials credentials() { return credentials; }

  public List<Assigned> assigned() { return assigned; }

  /// What is known of it from what this replica heard; null: nothing yet.
  public Observation known() { return known; }

  /// What its newest heartbeat said.
  Observation said() { return said; }

  /// Whether its newest heartbeat said that it stops.
  boolean stops() {
    var newest = said;
    return newest != null && newest.stopped();
  }

  void says(Observation observation) {
    said = observation;
    known = known == null ? observation : observation.after(known);
  }

  boolean replacedBoot(String boot) { return replaced.contains(boot); }

  void replace(String boot) {
    var kept = new ArrayList<>(replaced);
    kept.add(boot);
    replaced = kept.size() > REPLACED_KEPT ? List.copyOf(kept.subList(1, kept.size())) : List.copyOf(kept);
  }

  /// Another token is another machine under the same id: nothing of the one before counts for it. What it must run is learned after this.
  synchronized void learn(Credentials news) {
    if (dropped) return;
    if (credentials != null && news.changed() < credentials.changed()) return;
    if (credentials != null && !holds(news.tokenHash())) {
      assigned = List.of();
      known = null;
    }
    credentials = news;
  }

  /// Whether it is the machine with this token.
  synchronized boolean holds(byte[] tokenHash) {
    return credentials != null && tokenHash != null && MessageDigest.isEqual(tokenHash, credentials.tokenHash());
  }

  /// Whether it can leave the memory: nobody is enrolled under its id, and nobody waits who must be told so. Then it learns nothing more, and its token stays void.
  synchronized boolean drops() {
    dropped |= credentials != null && !credentials.enrolled() && listeners.isEmpty();
    return dropped;
  }

  /// Called under the buffer's lock, before what is heard is put in its place.
  ///
  /// @return false: it is of a machine before the one that was heard last
  boolean hears(long enrolment) {
    if (enrolment <= heardEnrolment) return enrolment == heardEnrolment;
    heardEnrolment = enrolment;
    bootId = null;
    since = null;
    sequence = 0;
    replaced = List.of();
    said = null;
    known = null;
    return true;
  }

  /// Whether it is known which boot is the present one.
  public boolean begun() { return bootId != null; }

  /// Called under the buffer's lock: the order as it was judged, for a machine of which nothing was heard here yet.
  void begins(OrderRow order) {
    if (hears(order.enrolment()) && bootId == null) takes(order);
  }

  /// Called under the buffer's lock: the order as it was judged, which counts where it was judged after the present boot was heard here.
  ///
  /// @return whether it was
  boolean judged(OrderRow order) {
    if (order.enrolment() != heardEnrolment) return true;
    if (since != null && !order.through().isAfter(since)) return false;
    takes(order);
    return true;
  }

  private void takes(OrderRow order) {
    if (!order.bootId().equals(bootId)) {
      sequence = order.sequence();
      said = null; // by another boot
      known = null;
    }
    bootId = order.bootId();
    replaced = order.replaced();
  }

  /// @return whether something is new
  synchronized boolean learn(Assigned news) {
    var next = new ArrayList<Assigned>(assigned.size() + 1);
    for (var known : assigned) {
      if (!known.moduleId().equals(news.moduleId())) next.add(known);
      else if (known.changed() > news.changed() || known.equals(news)) return false;
      else if (known.changed() == news.changed() && known.generation() > news.generation()) return false;
      else if (known.handedOut() && known.generation() == news.generation() && !news.handedOut()) return false;
    }
    next.add(news);
    assigned = List.copyOf(next);
    return true;
  }

  /// A delivery was committed.
  synchronized void handedOut(String moduleId, long generation) {
    assigned = assigned.stream().map(a -> a.moduleId().equals(moduleId) && a.generation() == generation ? a.handed() : a).toList();
  }

  /// It was told what to run, a moment ago.
  public void told() { toldNanos = System.nanoTime() | 1; }

  public boolean toldWithin(long nanos) { return toldNanos != 0 && System.nanoTime() - toldNanos < nanos; }

  /// Lets somebody wait.
  ///
  /// @param atMost so many of its kind wait at once; the oldest leaves
  public void listen(Listener listener, int atMost) {
    listeners.add(listener);
    var alike = listeners.stream().filter(l -> l.getClass() == listener.getClass()).toList();
    for (var oldest : alike.subList(0, Math.max(0, alike.size() - atMost))) {
      listeners.remove(oldest);
      oldest.leave();
    }
  }

  public void ignore(Listener listener) { listeners.remove(listener); }

  boolean listenedTo() { return !listeners.isEmpty(); }

  void changed() { listeners.forEach(Listener::mayHaveChanged); }
}
