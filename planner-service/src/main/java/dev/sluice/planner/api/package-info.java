/// The porch of the planner-service: REST and asks in, answers out.
package dev.sluice.planner.api;
