/// Judges the history of one rollout from the public surface alone: what the calls of `api.md` answer. It shares no rule and no type with the services.
///
/// [Reading] fetches a [History], [Judge] tells it event by event to a [Check] for each [Invariant], and each gives its [Finding]. One more check is one more
/// constant of [Invariant] with its class; what it needs beyond the history's parts is one more part of [History], read by [Reading].
package dev.sluice.cli.check;
