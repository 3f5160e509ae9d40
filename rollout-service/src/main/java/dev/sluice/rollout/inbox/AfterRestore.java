package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Epoch;
import dev.sluice.rollout.domain.RolloutCommand.Pause;
import dev.sluice.rollout.store.RolloutDesk;
import dev.sluice.rollout.store.RolloutStore;

/// After a restore nobody knows what people decided since the backup was made, an abort for instance: so each rollout that would go on by itself is paused until
/// an operator has looked at it. Doing it again changes nothing, also where one was resumed since.
public final class AfterRestore {
  private static final String RESTORE = "restore";
  private static final String WHY = "PostgreSQL was restored from a backup: what happened since is not known. Look at the instances, then resume or abort";
  private final RolloutDesk desk;
  private final RolloutStore rollouts;

  public AfterRestore(RolloutDesk desk, RolloutStore rollouts) {
    this.desk = desk;
    this.rollouts = rollouts;
  }

  /// Pauses them. Blocks; call before anything else is heard or answered.
  public void pause(Epoch epoch) {
    for (var id : rollouts.ranBefore(epoch))
      desk.handle(id, now -> new Pause(now, RESTORE, WHY), RESTORE);
  }
}
