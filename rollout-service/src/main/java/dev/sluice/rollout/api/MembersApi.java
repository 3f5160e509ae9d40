package dev.sluice.rollout.api;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Reason;
import dev.sluice.rollout.domain.Roster;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.rollout.store.RolloutDesk;
import dev.sluice.rollout.store.RolloutStore;
import dev.sluice.rollout.store.RolloutStore.MemberTimes;
import dev.sluice.rollout.store.RosterStore;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/// The REST of a rollout's members: states from the stream, times from the rows. The cursor is an ordinal.
public final class MembersApi {
  private static final MemberTimes NO_TIMES = new MemberTimes(null, null, null, null, null);
  private final RolloutDesk desk;
  private final RolloutStore rollouts;
  private final RosterStore rosters;

  public MembersApi(RolloutDesk desk, RolloutStore rollouts, RosterStore rosters) {
    this.desk = desk;
    this.rollouts = rollouts;
    this.rosters = rosters;
  }

  public void routes(Http http) { http.on("listRolloutInstances", this::list); }

  record MemberAnswer(InstanceId instanceId, int ordinal, int batchIndex, MemberState state, Reason reason, String detail,
      boolean regressed,
      boolean lateHealthy, String from, String to, long generation, int origin, long planGeneration, boolean wasDrifted, Double seconds,
      Instant instructedAt,
      Instant handedOutAt,
      Instant verdictAt) {}

  record Page(List<MemberAnswer> instances, String nextCursor) {}

  private Answer list(Call call) {
    var id = RolloutsApi.id(call);
    var standing = RolloutsApi.existing(desk.load(id).state(), id);
    var roster = rosters.of(standing.plan())
        .orElseThrow(() -> new Outage("the members of rollout " + id + " have not all arrived from the planner-service yet", null));
    var slices = standing.plan().slices();
    int batch = call.number("batch_index").orElse(-1);
    if (batch >= slices.count()) return Answer.ok(new Page(List.of(), null));
    int from = Math.max(batch < 0 ? 0 : slices.from(batch),
        call.cursor().map(c -> (int) Math.min(slices.total(), Long.parseLong(c))).orElse(0));
    int to = batch < 0 ? slices.total() : slices.to(batch);
    var state = call.query("state").map(s -> Words.read(MemberState.class, s)).orElse(null);
    var found = IntStream.range(from, to).filter(i -> state == null || standing.member(i).state() == state).limit(call.limit() + 1L)
        .boxed().toList();
    var page = found.subList(0, Math.min(call.limit(), found.size()));
    var times = rollouts.members(id, page);
    var answers = page.stream().map(i -> answer(standing, roster, i, times.getOrDefault(i, NO_TIMES))).toList();
    return Answer.ok(new Page(answers, found.size() > page.size() ? Integer.toString(found.getLast()) : null));
  }

  private static MemberAnswer answer(Standing standing, Roster roster, int i, MemberTimes times) {
    var member = standing.member(i);
    var from = standing.plan().origins().get(roster.origin(i)).version();
    var to = member.back() ? from : standing.plan().target().version();
    return new MemberAnswer(roster.id(i), i, standing.plan().slices().batchOf(i), member.state(), member.reason(), times.detail(),
        member.regressed(), member.lateHealthy(), from, to, roster.generation(i) + member.generations(), roster.origin(i),
        roster.generation(i), roster.wasDrifted(i), times.seconds(),
        times.instructedAt(), times.handedOutAt(), times.verdictAt());
  }
}
