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

  /// Sets the desired version without telling anyone: as the fact would have done that was heard just before.
  Play instructQuietly() {
    world.db().query("""
        update assignment set version_id = $2, version = $3, digest = $4, generation = generation + 1, rollout_id = $5, ordinal = 0, batch_index = 0,
               purpose = 'upgrade', instructed_at = now(), deadline_at = now() + interval '60 seconds', due_at = now() + interval '60 seconds',
               min_healthy_sec = 0, standing = 'awaited', handed_out_at = null, echoed_at = null, changed_xid = pg_current_xact_id()
         where instance_id = $1
        """, member().id, World.NEW.id().value(), World.NEW.version(), World.NEW.digest().value(), id);
    return this;
  }

  Play instruct(VersionRef version, Purpose purpose, long generation, int timeoutSec, int minHealthySec) {
    world.tell(id, new InstancesInstructed(0, purpose, new ModuleId(World.MODULE), List.of(version), instructions(generation), timeoutSec,
        minHealthySec));
    return this;
  }

  Play withdraw(long generation) { return withdraw(generation, World.OLD); }

  Play withdraw(long generation, VersionRef to) {
    world.tell(id, new WithdrawalsAsked(new ModuleId(World.MODULE), List.of(to), instructions(generation)));
    return this;
  }

  private static final String DEADLINE = """
      update assignment set deadline_at = now() + $2::bigint * interval '1 millisecond', due_at = now() + $2::bigint * interval '1 millisecond'
       where rollout_id = $1 and standing = 'awaited'
      """;

  /// Moves the deadline of those that are awaited: however long an instruction took to arrive, this much is left.
  Play left(long millis) {
    world.db().query(DEADLINE, id, millis);
    return this;
  }

  /// Lets the instruction be older by so much.
  Play older(int seconds) {
    world.db().query("update assignment set instructed_at = instructed_at - $2::int * interval '1 second' where rollout_id = $1", id,
        seconds);
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
