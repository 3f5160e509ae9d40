/// The porch: REST in, problem+json out.
package dev.sluice.rollout.api;
