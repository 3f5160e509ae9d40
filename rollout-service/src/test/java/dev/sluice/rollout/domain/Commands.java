package dev.sluice.rollout.domain;

import dev.sluice.contract.*;
import dev.sluice.contract.HealthReport.*;
import dev.sluice.rollout.domain.RolloutCommand.*;
import java.time.Instant;
import java.util.*;
import java.util.stream.Stream;

/// Commands by chance, and the lists of all kinds and all states.
final class Commands {
  /// Every kind of command.
  static final List<Class<?>> KINDS = kinds(RolloutCommand.class).toList();
  /// Every state, `absent` first.
  static final List<String> STATES = Stream
      .concat(Stream.of("absent"), Arrays.stream(RolloutState.values()).map(s -> s.name().toLowerCase(Locale.ROOT))).toList();

  private final Random random;
  private final Story story;

  Commands(Random random, Story story) {
    this.random = random;
    this.story = story;
  }

  private static Stream<Class<?>> kinds(Class<?> type) {
    return type.isSealed() ? Arrays.stream(type.getPermittedSubclasses()).flatMap(Commands::kinds) : Stream.of(type);
  }

  static String state(Rollout rollout) {
    var seen = rollout.stage().seen();
    return seen == null ? "absent" : seen.name().toLowerCase(Locale.ROOT);
  }

  RolloutCommand approve() {
    return new Approve(story.now(), Story.PLAN_REQUEST, story.rollout.plan() == null ? 1 : story.rollout.plan().revision(), "ann", null);
  }

  RolloutCommand choose() {
    var request = new Standing(story.rollout).continuation().orElse(new RequestId("r1-trip-1"));
    return new Choose(story.now(), request, Choice.values()[random.nextInt(4)], "ann", null, unavailable());
  }

  private List<VersionId> unavailable() { return random.nextInt(4) > 0 ? List.of() : List.of(Plans.OLDER.id()); }

  RolloutCommand of(HealthReport report) {
    boolean more = random.nextInt(8) == 0;
    return switch (report) {
      case HandedOut r -> new RecordHandings(story.now(), more, r.handings());
      case Judged r -> new RecordJudgements(story.now(), more, r.judgements());
      case WithdrawalsAnswered r -> new RecordWithdrawals(story.now(), more, r.withdrawals());
      case Gone r -> new RecordGone(story.now(), more, r.members());
      case Regressed r -> new RecordRegressed(story.now(), more, r.members());
      case LateHealthy r -> new RecordLateHealthy(story.now(), more, r.members());
    };
  }

  /// Any command, often senseless here.
  RolloutCommand any() { return make(KINDS.get(random.nextInt(KINDS.size()))); }

  /// A command of a kind.
  RolloutCommand make(Class<?> kind) {
    var now = story.now();
    int i = random.nextInt(story.plan.total());
    long g = Plans.generation(i) + random.nextInt(3) - 1;
    var gone = List.of(new MemberReason(i, g, Reason.STOPPED));
    return switch (kind.getSimpleName()) {
      case "Open" -> new Open(now, story.plan.header());
      case "Edit" -> new Edit(now, story.plan.header(1 + random.nextInt(3)), "bob");
      case "Approve" -> approve();
      case "Reject" -> new Reject(now, Story.PLAN_REQUEST, "bob", "no");
      case "Expire" -> new Expire(now, Story.PLAN_REQUEST);
      case "Withdraw" -> new Withdraw(now, "nobody answered");
      case "Begin" -> new Begin(now, random.nextInt(4) > 0);
      case "Choose" -> choose();
      case "ExpireContinuation" -> new ExpireContinuation(now, new RequestId("r1-trip-" + (1 + random.nextInt(2))));
      case "TemplateMoved" -> new TemplateMoved(now, random.nextBoolean() ? Plans.TARGET : Plans.OLD);
      case "Tick" -> new Tick(now);
      case "Pause" -> new Pause(now, "ann", null);
      case "Resume" -> new Resume(now, "ann", null);
      case "Abort" -> new Abort(now, "ann", null);
      case "Rollback" -> new RolloutCommand.Rollback(now, "ann", null, unavailable(), random.nextInt(8) == 0 ? null : Instant.MAX);
      case "RecordHandings" -> new RecordHandings(now, false, List.of(new RolloutEvent.Handing(i, g - 1, Plans.START)));
      case "RecordJudgements" ->
        new RecordJudgements(now, false, List.of(new Judgement(i, g - 1, false, true, Reason.HEALTH_TIMEOUT, null, 1, Plans.START, null)));
      case "RecordWithdrawals" -> new RecordWithdrawals(now, false, List.of(new RolloutEvent.Withdrawal(i, true, g - 1)));
      case "RecordGone" -> new RecordGone(now, false, gone);
      case "RecordRegressed" -> new RecordRegressed(now, false, List.of(new MemberReason(i, g - 1, Reason.UNHEALTHY)));
      case "RecordLateHealthy" -> new RecordLateHealthy(now, false, List.of(new MemberReason(i, g - 1, null)));
      default -> throw new AssertionError("no sample of " + kind);
    };
  }
}
