package dev.sluice.contract;

/// One member of a plan; its place in plan order is its ordinal.
///
/// @param origin     the place in [PlanHeader#origins()] of the desired version that it would go back to
/// @param generation the generation of its desired version when the plan was made; the rollout's first instruction is the next
/// @param wasDrifted whether another digest than the desired one ran
public record PlanMember(InstanceId instanceId, int origin, long generation, boolean wasDrifted) {}
