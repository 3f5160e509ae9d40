package dev.sluice.simulation;

/// Between which two steps a process dies.
enum CrashPoint {
  /// Messages are polled, nothing was done with them.
  POLLED,
  /// A decision is made, and not written.
  DECIDED,
  /// Events are written, and neither told nor is their message's place kept.
  APPENDED,
  /// A message is done with, and its place is not kept.
  TAKEN,
  /// The place is kept.
  COMMITTED,
  /// Events are told, and not marked as told.
  PUBLISHED,
  /// They are marked.
  MARKED,
  /// A question is about to be asked.
  ASKING,
  /// It was answered, and the answer is lost.
  REPLYING,
  /// A delivery is committed, and its answer has not left.
  HANDED_OUT,
  /// Heartbeats are written down, and not judged.
  FLUSHED,
  /// They are judged.
  SETTLED
}
