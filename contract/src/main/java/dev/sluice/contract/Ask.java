package dev.sluice.contract;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/// A question or command that wants an answer now. Correctness never hangs on one: every ask has a deadline, and what must not be lost is told on a topic.
///
/// @param <R> the answer
public sealed interface Ask<R> {
  /// Who answers.
  enum Service {
    PLANNER, APPROVAL, ROLLOUT, HEALTH
  }

  Service to();

  /// The class of the answer.
  Class<R> answer();

  /// Nothing but that it was done.
  record Done() {}

  /// Whether the service and what it stands on (its database, its broker) work.
  record AreYouReady(Service to) implements Ask<Done> {
    public Class<Done> answer() { return Done.class; }
  }

  /// The instances of a template in order of id, after `after` (null: from the first). With `settle`, all heartbeats that were answered before
  /// are in the answer, on whichever replica.
  record FleetSlice(TemplateId templateId, ModuleId moduleId, String orderByLabel, InstanceId after, int limit,
      boolean settle) implements Ask<FleetPage> {
    public Service to() { return Service.HEALTH; }

    public Class<FleetPage> answer() { return FleetPage.class; }
  }

  /// @param next the last id of a page that is not the last; null on the last
  record FleetPage(List<FleetMember> members, InstanceId next) {}

  /// @param status        `starting`, `running`, `stopped`
  /// @param desired       the desired version of the module; null where the instance has no such module
  /// @param generation    of the desired version; 0 where there is none
  /// @param runningDigest the digest that runs under the module; null where nothing does or nothing is known
  /// @param label         the value of the label asked for; empty where it has none
  record FleetMember(InstanceId instanceId, String status, boolean neverReported, boolean notReporting, VersionRef desired, long generation,
      Digest runningDigest, String label) {}

  /// The policy that applies now.
  record PolicyFor(String action, TemplateId templateId) implements Ask<PolicyView> {
    public Service to() { return Service.APPROVAL; }

    public Class<PolicyView> answer() { return PolicyView.class; }
  }

  /// Compute the revision after `revision` with these inputs changed. It counts only once it is adopted.
  record DraftRevision(RolloutId rolloutId, int revision, Map<String, Object> changes, String actor) implements Ask<PlanHeader> {
    public Service to() { return Service.PLANNER; }

    public Class<PlanHeader> answer() { return PlanHeader.class; }
  }

  /// A draft is the revision that counts.
  record AdoptRevision(RolloutId rolloutId, int revision, String planHash) implements Ask<Done> {
    public Service to() { return Service.PLANNER; }

    public Class<Done> answer() { return Done.class; }
  }

  /// A template as it is now.
  record TemplateOf(TemplateId templateId) implements Ask<TemplateView> {
    public Service to() { return Service.PLANNER; }

    public Class<TemplateView> answer() { return TemplateView.class; }
  }

  record TemplateView(TemplateId id, String name, List<Assignment> modules) {}

  record Assignment(ModuleId moduleId, VersionRef version) {}

  /// Which of these versions could be run now: neither archived nor gone.
  record VersionsAvailable(List<VersionId> versions) implements Ask<AvailableVersions> {
    public Service to() { return Service.PLANNER; }

    public Class<AvailableVersions> answer() { return AvailableVersions.class; }
  }

  record AvailableVersions(List<VersionId> available) {}

  /// Take the pair of template and module again for a rollback of an ended rollout. Refused where a later rollout of the pair was made.
  record ClaimForRollback(RolloutId rolloutId) implements Ask<Claimed> {
    public Service to() { return Service.PLANNER; }

    public Class<Claimed> answer() { return Claimed.class; }
  }

  /// @param until when the pair is free again, unless the rollback has begun
  record Claimed(Instant until) {}

  /// What may be handed out now, of all rollouts that are open.
  record DeliveryNow() implements Ask<Deliveries> {
    public Service to() { return Service.ROLLOUT; }

    public Class<Deliveries> answer() { return Deliveries.class; }
  }

  /// Ask the rollout-service again what may be handed out, now and not at the next turn: done once it is committed.
  record HearDeliveries() implements Ask<Done> {
    public Service to() { return Service.HEALTH; }

    public Class<Done> answer() { return Done.class; }
  }

  /// @param at when the answer was read
  record Deliveries(Instant at, List<Delivery> open) {}

  /// @param purpose what is delivered now; null: nothing
  /// @param seq     the place in the rollout's stream that this is as of
  record Delivery(RolloutId rolloutId, Purpose purpose, long seq) {}

  /// What stands at stake in the rollouts that wait for a decision; nothing of those that do not.
  record StakesOf(List<RolloutId> rollouts) implements Ask<Stakes> {
    public Service to() { return Service.ROLLOUT; }

    public Class<Stakes> answer() { return Stakes.class; }
  }

  /// @param at when the answer was counted
  record Stakes(Instant at, List<Stake> open) {}

  /// The members that each answer to a trip would move, as it is now.
  ///
  /// @param requestId  the question that is open
  /// @param failed     failed members of the tripped batch, and those that are healthy no more
  /// @param instructed members that a rollback would touch
  /// @param held       members that were instructed, and whose instruction is held back
  /// @param untold     members that were not told yet, in this batch and the later ones
  record Stake(RequestId requestId, int failed, int instructed, int held, int untold) {}
}
