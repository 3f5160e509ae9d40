package dev.sluice.simulation;

import dev.sluice.contract.Told;
import dev.sluice.contract.Topics;
import dev.sluice.simulation.Replica.Work;
import dev.sluice.simulation.Store.Row;
import java.util.ArrayList;
import java.util.List;

/// The event-gateway: one numbered log of what is told to people, and readers at their cursors.
final class GatewaySide extends Service {
  record Event(int id, String stream, int seq, String kind) {}

  final List<Event> log = new ArrayList<>();
  final List<Row> facts = new ArrayList<>();
  final List<Event> read = new ArrayList<>();
  private int cursor;

  GatewaySide(World world) {
    super(world, "gateway", Topics.APPROVAL, Topics.ROLLOUT);
  }

  @Override
  Work take(Replica replica, Row message) {
    if (!store.fresh(message)) return null;
    facts.add(message);
    for (var told : Told.of(message.event()))
      log.add(new Event(log.size() + 1, message.stream(), message.seq(), told.kind()));
    return null;
  }

  /// A reader asks for what comes after his cursor; now and then his page is lost and he asks again.
  void page() {
    int from = cursor;
    var page = log.stream().filter(e -> e.id() > from).limit(1 + world.random.nextInt(5)).toList();
    if (page.isEmpty() || world.chaos && world.random.nextInt(4) == 0) return;
    read.addAll(page);
    cursor = page.getLast().id();
  }
}
