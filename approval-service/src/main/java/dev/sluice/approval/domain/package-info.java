/// The study of the approval-service: requests, votes and policies as pure functions.
package dev.sluice.approval.domain;
