package dev.sluice.agent;

/// What an agent reports of a module.
///
/// @param generation of the newest instruction that was taken up
/// @param detail     the last output or the reason, at most 500 characters; empty where there is nothing to say
public record ModuleStatus(ModuleState state, long generation, String detail) {}
