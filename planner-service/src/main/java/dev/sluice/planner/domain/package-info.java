/// The study of the planner-service: who is eligible, in which order, in which batches, and what a plan may become. Pure.
package dev.sluice.planner.domain;
