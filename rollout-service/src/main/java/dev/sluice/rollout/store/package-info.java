/// The cellar: SQL and row mappers.
package dev.sluice.rollout.store;
