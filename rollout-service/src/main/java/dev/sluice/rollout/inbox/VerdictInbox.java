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
import java.util.function.BiFunction;
import java.util.function.Function;

/// Reads `sluice.verdict`: all reports of one poll about a rollout become one command of each kind, each in the order of its reports; more than one where they hold
/// more than [#MOST] items, so that what is kept of a command has a bound.
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
      take(id, reports, HandedOut.class, HandedOut::handings, RolloutCommand.RecordHandings::new);
      take(id, reports, Judged.class, Judged::judgements, RolloutCommand.RecordJudgements::new);
      take(id, reports, Regressed.class, Regressed::members, RolloutCommand.RecordRegressed::new);
      take(id, reports, LateHealthy.class, LateHealthy::members, RolloutCommand.RecordLateHealthy::new);
      take(id, reports, WithdrawalsAnswered.class, WithdrawalsAnswered::withdrawals, RolloutCommand.RecordWithdrawals::new);
      take(id, reports, Gone.class, Gone::members, RolloutCommand.RecordGone::new);
    });
  }

  private <R, T> void take(RolloutId id, List<Message> reports, Class<R> kind, Function<R, List<T>> items,
      BiFunction<Now, List<T>, RolloutCommand> command) {
    var heard = new ArrayList<Message>();
    var all = new ArrayList<T>();
    for (var report : reports) {
      if (!kind.isInstance(report.event())) continue;
      var more = items.apply(kind.cast(report.event()));
      if (all.size() + more.size() > MOST) tell(id, heard, all, command);
      heard.add(report);
      all.addAll(more);
    }
    tell(id, heard, all, command);
  }

  /// Empties both lists.
  private <T> void tell(RolloutId id, List<Message> heard, List<T> all, BiFunction<Now, List<T>, RolloutCommand> command) {
    var items = List.copyOf(all);
    if (!items.isEmpty()) desk.handle(id, heard, now -> command.apply(now, items), HEALTH);
    heard.clear();
    all.clear();
  }
}
