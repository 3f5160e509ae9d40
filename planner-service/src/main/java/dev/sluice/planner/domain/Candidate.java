package dev.sluice.planner.domain;

import dev.sluice.contract.InstanceId;
import dev.sluice.contract.VersionRef;

/// An eligible instance, as the plan needs it.
///
/// @param label      the value of the label that batches hold in proportion; empty where it has none
/// @param origin     its desired version, which it would go back to
/// @param generation of the desired version
/// @param drifted    whether another digest than the desired one runs
public record Candidate(InstanceId instanceId, String label, VersionRef origin, long generation, boolean drifted) {}
