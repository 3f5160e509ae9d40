package dev.sluice.contract;

import java.time.Instant;
import java.util.List;

/// One immutable revision of a plan, without its members.
///
/// @param planHash        over inputs and members
/// @param target          the version that the members get
/// @param origins         the versions that members go back to; a member names one by its place here
/// @param templateVersion the template's version of the module when the plan was made; a rollback sets it back. Null if it has none
/// @param policy          the policy that was read when the revision was made, and is kept with it
/// @param byModel         whether a model made the plan: then a person is always asked
/// @param estimatedTotalSeconds the worst case, without pauses and people
public record PlanHeader(RolloutId rolloutId, int revision, String planHash, PlanInputs inputs, VersionRef target, List<VersionRef> origins,
    VersionRef templateVersion, Slices slices, long estimatedTotalSeconds, PolicyView policy, boolean byModel, String madeBy,
    Instant madeAt,
    List<String> warnings) {
  public PlanHeader {
    origins = List.copyOf(origins);
    warnings = List.copyOf(warnings);
  }
}
