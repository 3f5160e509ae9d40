package dev.sluice.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/// One process of a service: what it is in the middle of, and what it only remembers. A crash leaves nothing of it.
final class Replica {
  /// Something done in steps, between which other processes go on and this one may die.
  interface Work {
    /// Does the next step.
    ///
    /// @return after what a crash would come now
    CrashPoint step();

    boolean done();
  }

  record Loaded(Object state, int end) {}

  final Service service;
  final int number;
  final Map<String, Loaded> cache = new HashMap<>();
  final Deque<Work> wishes = new ArrayDeque<>();
  Work work;
  String reading;
  boolean up = true;
  boolean restarted;

  Replica(Service service, int number) {
    this.service = service;
    this.number = number;
  }

  void die() {
    cache.clear();
    wishes.clear();
    work = null;
    reading = null;
    up = false;
  }

  @Override
  public String toString() { return service.name + number; }
}
