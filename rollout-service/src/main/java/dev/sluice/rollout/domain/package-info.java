/// The study of the rollout-service: a rollout as pure functions. Begin with [RolloutDecider].
package dev.sluice.rollout.domain;
