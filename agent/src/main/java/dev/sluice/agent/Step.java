package dev.sluice.agent;

/// How far an upgrade has come. Each name says what has been done and recorded; [Upgrade] does what comes next. An agent that is
/// killed anywhere goes on from the last recorded step, so each step can be done twice without harm.
///
/// ```
/// RECEIVED -> DOWNLOADING -> DOWNLOADED -> UNPACKED -> SWITCHED -> APPLIED -> CHECKED -> DONE
/// RECEIVED -> UNPACKED                  where the release is here
/// RECEIVED -> CHECKED                   where it runs and is healthy
/// DOWNLOADING, DOWNLOADED -> CHECKED    where the archive is refused
/// DOWNLOADING, DOWNLOADED -> RESTORING  where it is refused, and one before it was given up while it was applied
/// UNPACKED -> DOWNLOADING               where the release was damaged
/// SWITCHED -> RESTORING -> CHECKED      where the apply command fails
/// ```
public enum Step {
  /// The instruction is on disk.
  RECEIVED,
  /// Its release is not here: the archive is on its way.
  DOWNLOADING,
  /// The archive is here and has the right sha256.
  DOWNLOADED,
  /// The release folder stands, its manifest beside it.
  UNPACKED,
  /// The link `current` points at it.
  SWITCHED,
  /// The apply command succeeded.
  APPLIED,
  /// The verdict of the health command, or a failure, is recorded.
  CHECKED,
  /// The apply command failed: the release before goes back.
  RESTORING,
  /// Old releases are pruned; nothing is left to do.
  DONE
}
