/// The cellar of the planner-service: SQL and row mappers, and the folder of artifacts. No rules.
package dev.sluice.planner.store;
