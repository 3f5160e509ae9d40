/// The post room: topics, questions and time, turned into commands.
package dev.sluice.approval.inbox;
