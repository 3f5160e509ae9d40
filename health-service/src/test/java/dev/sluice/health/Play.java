package dev.sluice.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Ask;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.HealthReport.Judgement;
import dev.sluice.contract.HealthReport.MemberReason;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.Instruction;
import dev.sluice.contract.RolloutEvent.Started;
import dev.sluice.contract.RolloutEvent.Withdrawal;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.VersionRef;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Plays one rollout of the rollout-service: its members are the agents, in their order.
record Play(World world, String id, List<Agent> members) {
  static Play of(World world, String id, Agent... members) { return new Play(world, id, List.of(members)); }

  Agent member() { return members.getFirst(); }

  Play tell(RolloutEvent event) {
    world.tell(id, event);
    return this;
  }

  /// The rollout ended: nothing is open any more.
  Play ends() {
    world.deliveries.remove(id);
    return tell(new RolloutEvent.Completed(0, 0, 0, 1, false));
  }

  Play start() {
    world.tell(id, new Started(members.size(), World.NEW.version(), Instant.now()));
    return delivers(Purpose.UPGRADE);
  }

  /// What the rollout-service answers from now on when it is asked.
  Play delivers(Purpose purpose) {
    world.deliveries.put(id, new Ask.Delivery(new RolloutId(id), purpose, world.seq(id)));
    return this;
  }

  Play instruct(int timeoutSec, int minHealthySec) { return instruct(World.NEW, Purpose.UPGRADE, 2, timeoutSec, minHealthySec); }

  Play instruct(VersionRef version, Purpose purpose, long generation, int timeoutSec, int minHealthySec) {
    world.tell(id, new InstancesInstructed(0, purpose, new ModuleId(World.MODULE), List.of(version), instructions(generation), timeoutSec,
        minHealthySec));
    return this;
  }

  Play withdraw(long generation) {
    world.tell(id, new WithdrawalsAsked(new ModuleId(World.MODULE), List.of(World.OLD), instructions(generation)));
    return this;
  }

  /// Waits until the newest instruction is told to the first member, by long poll.
  Play told(String version) {
    World.eventually(
        () -> assertThat(member().poll(5).body().path("desired").path(World.MODULE).path("version").asText()).isEqualTo(version));
    return this;
  }

  List<Judgement> judgements() {
    return world.reports(id, HealthReport.Judged.class).stream().flatMap(r -> r.judgements().stream()).toList();
  }

  List<Integer> handedOut() {
    return world.reports(id, HealthReport.HandedOut.class).stream().flatMap(r -> r.handings().stream()).map(RolloutEvent.Handing::ordinal)
        .toList();
  }

  List<Withdrawal> withdrawals() {
    return world.reports(id, HealthReport.WithdrawalsAnswered.class).stream().flatMap(r -> r.withdrawals().stream()).toList();
  }

  List<MemberReason> gone() { return world.reports(id, HealthReport.Gone.class).stream().flatMap(r -> r.members().stream()).toList(); }

  List<MemberReason> regressed() {
    return world.reports(id, HealthReport.Regressed.class).stream().flatMap(r -> r.members().stream()).toList();
  }

  List<MemberReason> lateHealthy() {
    return world.reports(id, HealthReport.LateHealthy.class).stream().flatMap(r -> r.members().stream()).toList();
  }

  /// Waits for the one judgement.
  Judgement judged() {
    World.eventually(() -> assertThat(judgements()).hasSize(1));
    return judgements().getFirst();
  }

  private List<Instruction> instructions(long generation) {
    var all = new ArrayList<Instruction>();
    for (int i = 0; i < members.size(); i++)
      all.add(new Instruction(i, new InstanceId(members.get(i).id), generation, 0));
    return all;
  }
}
