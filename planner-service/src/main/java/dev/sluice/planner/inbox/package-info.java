/// The post room of the planner-service: what it hears of approvals and rollouts.
package dev.sluice.planner.inbox;
