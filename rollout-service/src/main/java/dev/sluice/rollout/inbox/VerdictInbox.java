package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.HealthReport.Gone;
import dev.sluice.contract.HealthReport.HandedOut;
import dev.sluice.contract.HealthReport.Judged;
import dev.sluice.contract.HealthReport.LateHealthy;
import dev.sluice.contract.HealthReport.Regressed;
import dev.sluice.contract.HealthReport.WithdrawalsAnswered;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.RolloutCommand.Now;
import dev.sluice.rollout.store.RolloutDesk;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;

/// Reads `sluice.verdict`: all reports of one poll about a rollout become one command of each kind, each in the order of its reports; more than one where they hold
/// more than [#MOST] items, so that what is kept of a command has a bound. Only the last lets the rollout go on.
public final class VerdictInbox implements Inbox.Handler {
  public static final Kinds KINDS = new Kinds(HealthReport.class);
  /// What one report may hold, and so what a command holds.
  private static final int MOST = 5_000;
  private static final String HEALTH = "health";
  private final RolloutDesk desk;

  public VerdictInbox(RolloutDesk desk) {
    this.desk = desk;
  }

  @Override
  public void handle(List<Message> messages) {
    var byRollout = new LinkedHashMap<RolloutId, List<Message>>();
    for (var message : messages)
      byRollout.computeIfAbsent(((HealthReport) message.event()).rolloutId(), _ -> new ArrayList<>()).add(message);
    byRollout.forEach((id, reports) -> {
      var parts = new ArrayList<Part>();
      collect(parts, reports, HandedOut.class, HandedOut::handings, RolloutCommand.RecordHandings::new);
      collect(parts, reports, Judged.class, Judged::judgements, RolloutCommand.RecordJudgements::new);
      collect(parts, reports, Regressed.class, Regressed::members, RolloutCommand.RecordRegressed::new);
      collect(parts, reports, LateHealthy.class, LateHealthy::members, RolloutCommand.RecordLateHealthy::new);
      collect(parts, reports, WithdrawalsAnswered.class, WithdrawalsAnswered::withdrawals, RolloutCommand.RecordWithdrawals::new);
      collect(parts, reports, Gone.class, Gone::members, RolloutCommand.RecordGone::new);
      for (var part : parts)
        desk.handle(id, part.heard, now -> part.command.of(now, part != parts.getLast()), HEALTH);
    });
  }

  /// One command, and what brought it.
  private record Part(List<Message> heard, Made command) {
    interface Made {
      RolloutCommand of(Now now, boolean more);
    }
  }

  private interface Recording<T> {
    RolloutCommand of(Now now, boolean more, List<T> items);
  }

  private static <R, T> void collect(List<Part> parts, List<Message> reports, Class<R> kind, Function<R, List<T>> items,
      Recording<T> command) {
    var heard = new ArrayList<Message>();
    var all = new ArrayList<T>();
    for (var report : reports) {
      if (!kind.isInstance(report.event())) continue;
      var more = items.apply(kind.cast(report.event()));
      if (all.size() + more.size() > MOST) close(parts, heard, all, command);
      heard.add(report);
      all.addAll(more);
    }
    close(parts, heard, all, command);
  }

  /// Empties both lists.
  private static <T> void close(List<Part> parts, List<Message> heard, List<T> all, Recording<T> command) {
    var items = List.copyOf(all);
    if (!items.isEmpty()) parts.add(new Part(List.copyOf(heard), (now, more) -> command.of(now, more, items)));
    heard.clear();
    all.clear();
  }
}
