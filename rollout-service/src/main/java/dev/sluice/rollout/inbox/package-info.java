/// The post room: topics, questions and time, turned into commands.
package dev.sluice.rollout.inbox;
