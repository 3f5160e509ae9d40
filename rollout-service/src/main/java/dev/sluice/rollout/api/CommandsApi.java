package dev.sluice.rollout.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.VersionId;
import dev.sluice.rollout.domain.Refusal;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.rollout.inbox.Starter;
import dev.sluice.rollout.inbox.Versions;
import dev.sluice.rollout.store.RolloutDesk;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The REST of commands: each answers the rollout after it. What a command withholds is withheld when it is answered, where the health-service can be asked; where
/// not, it learns of it within its own time.
public final class CommandsApi {
  private static final Logger log = LoggerFactory.getLogger(CommandsApi.class);
  private static final Duration WITHHELD_WITHIN = Duration.ofSeconds(3);
  private final RolloutDesk desk;
  private final RolloutsApi rollouts;
  private final Starter starter;
  private final Versions versions;
  private final Asks asks;
  private final Duration askLimit;

  public CommandsApi(RolloutDesk desk, RolloutsApi rollouts, Starter starter, Versions versions, Asks asks, Duration askLimit) {
    this.desk = desk;
    this.rollouts = rollouts;
    this.starter = starter;
    this.versions = versions;
    this.asks = asks;
    this.askLimit = askLimit;
  }

  record Body(String comment) {}

  public void routes(Http http) {
    http.on("pauseRollout", call -> withholds(call, now -> new RolloutCommand.Pause(now, call.actor(), comment(call))))
        .on("resumeRollout", call -> {
          var answer = does(call, now -> new RolloutCommand.Resume(now, call.actor(), comment(call)));
          starter.startIfApproved(RolloutsApi.id(call));
          return answer;
        })
        .on("abortRollout", call -> withholds(call, now -> new RolloutCommand.Abort(now, call.actor(), comment(call))))
        .on("rollbackRollout", call -> {
          var given = call.attempt().done() ? Given.NOTHING : given(RolloutsApi.id(call));
          return withholds(call,
              now -> new RolloutCommand.Rollback(now, call.actor(), comment(call), given.unavailable(), given.pairUntil()));
        });
  }

  private static String comment(Call call) { return call.body(Body.class).comment(); }

  private Answer withholds(Call call, Function<RolloutCommand.Now, RolloutCommand> command) {
    var answer = does(call, command);
    try {
      asks.ask(new Ask.HearDeliveries(), WITHHELD_WITHIN);
    } catch (Outage e) {
      log.atWarn().addKeyValue("rollout", RolloutsApi.id(call)).log("Nobody says that it is withheld already: {}", e.getMessage());
    }
    return answer;
  }

  private Answer does(Call call, Function<RolloutCommand.Now, RolloutCommand> command) {
    var id = RolloutsApi.id(call);
    RolloutsApi.existing(desk.load(id).state(), id);
    if (!call.attempt().done()) decide(id, command, call.actor());
    return Answer.ok(rollouts.show(id));
  }

  private void decide(RolloutId id, Function<RolloutCommand.Now, RolloutCommand> command, String actor) {
    try {
      desk.handle(id, command, actor).orThrow();
    } catch (ProblemException refused) {
      throw new ProblemException(rollouts.refusal(id, refused.problem()));
    }
  }

  /// What the planner says of a rollback.
  ///
  /// @param unavailable which versions before cannot be had
  /// @param pairUntil   until when the pair of template and module is kept for it; null where it was not asked for
  private record Given(List<VersionId> unavailable, Instant pairUntil) {
    private static final Given NOTHING = new Given(List.of(), null);
  }

  /// To roll back what has ended, the planner must answer, and give the pair again; who would be refused anyhow claims nothing.
  private Given given(RolloutId id) {
    var standing = new Standing(desk.load(id).state());
    if (!standing.exists() || !Refusal.legal(standing.state()).contains("rollback")) return Given.NOTHING;
    if (!standing.state().ended()) return new Given(versions.unavailableOriginsOfOpen(standing.plan()), null);
    var unavailable = versions.unavailableOrigins(standing.plan());
    if (standing.noneCanGoBack(unavailable)) return new Given(unavailable, null);
    try {
      var until = asks.ask(new Ask.ClaimForRollback(id), askLimit).until();
      // asked again: from now on none of them can be archived
      return new Given(versions.unavailableOrigins(standing.plan()), until);
    } catch (ProblemException refused) {
      throw new ProblemException(
          refused.problem().status() == 409 ? Refusal.rollback(refused.problem(), standing.state()) : refused.problem());
    }
  }
}
