package dev.sluice.gateway.inbox;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Topics;
import dev.sluice.gateway.domain.Envelope;
import dev.sluice.gateway.store.EventLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Reads all topics into the event log: what each fact is told as, once, in the order of its stream.
public final class EventInbox {
  /// Rows of one transaction at most, but for a message that alone holds more: the log's counter is held for milliseconds.
  private static final int ROWS = 5_000;
  private static final Map<String, Kinds> KINDS = Map.of(
      Topics.CATALOG, new Kinds(CatalogEvent.class),
      Topics.INSTANCE, new Kinds(FleetEvent.class),
      Topics.PLAN, new Kinds(PlanEvent.class),
      Topics.APPROVAL, new Kinds(ApprovalEvent.class),
      Topics.ROLLOUT, new Kinds(RolloutEvent.class, ReconcilerEvent.class),
      Topics.VERDICT, new Kinds(HealthReport.class));

  private final EventLog log;
  private final Runnable news;

  private EventInbox(EventLog log, Runnable news) {
    this.log = log;
    this.news = news;
  }

  /// Reads from now on, until the chassis closes.
  ///
  /// @param news told after each commit that added events
  public static void open(Chassis chassis, EventLog log, Runnable news) {
    var inbox = new EventInbox(log, news);
    KINDS.forEach((topic, kinds) -> chassis.inbox(topic, kinds, messages -> inbox.take(topic, messages)));
  }

  private void take(String topic, List<Message> messages) {
    var told = new ArrayList<EventLog.Told>();
    int rows = 0;
    for (var message : messages) {
      var events = Envelope.of(new Envelope.Origin(topic, message.stream(), message.epoch()), message.toldTo(), message.at(),
          message.actor(),
          message.scope(), message.event());
      if (events.isEmpty()) continue;
      if (rows > 0 && rows + events.size() > ROWS) {
        append(topic, told);
        told.clear();
        rows = 0;
      }
      told.add(new EventLog.Told(message.seq(), events));
      rows += events.size();
    }
    if (!told.isEmpty()) append(topic, told);
  }

  private void append(String topic, List<EventLog.Told> told) {
    if (log.append(topic, told) > 0) news.run();
  }
}
