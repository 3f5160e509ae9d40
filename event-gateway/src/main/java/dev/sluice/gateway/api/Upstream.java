package dev.sluice.gateway.api;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/// The replicas of one service: each request begins with the next one, and who could not be reached, or does not answer (see [Peers]), comes last for a while.
public final class Upstream {
  /// One replica.
  record Replica(int index, URI address) {}

  private static final long REST_NANOS = Duration.ofSeconds(6).toNanos();
  private final String service;
  private final List<Replica> replicas = new ArrayList<>();
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicLongArray awayAt;

  /// @param addresses `http://host:port`, at least one
  public Upstream(String service, List<URI> addresses) {
    this.service = service;
    for (int i = 0; i < addresses.size(); i++)
      replicas.add(new Replica(i, addresses.get(i)));
    this.awayAt = new AtomicLongArray(addresses.size());
  }

  String service() { return service; }

  List<URI> addresses() { return replicas.stream().map(Replica::address).toList(); }

  List<Replica> replicas() { return replicas; }

  /// All replicas, in the order to try them.
  List<Replica> inTurn() {
    int first = Math.floorMod(turn.getAndIncrement(), replicas.size());
    var here = new ArrayList<Replica>(replicas.size());
    var away = new ArrayList<Replica>();
    for (int i = 0; i < replicas.size(); i++) {
      var replica = replicas.get((first + i) % replicas.size());
      (rests(replica) ? away : here).add(replica);
    }
    here.addAll(away);
    return here;
  }

  void away(Replica replica) { awayAt.set(replica.index(), System.nanoTime() | 1); }

  void reached(Replica replica) { awayAt.set(replica.index(), 0); }

  /// Whether it is passed over for now.
  boolean rests(Replica replica) {
    long since = awayAt.get(replica.index());
    return since != 0 && System.nanoTime() - since < REST_NANOS;
  }
}
