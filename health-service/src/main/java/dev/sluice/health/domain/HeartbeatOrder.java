package dev.sluice.health.domain;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The order of one instance's heartbeats: (boot, sequence), boots by first receipt. Late and repeated ones change nothing; a replaced boot is late for ever.
/// Two boots that alternate (the replaced one says something new, then the present one does) are two machines under one identity.
///
/// @param bootId   the present boot; null before the first heartbeat
/// @param sequence of the newest heartbeat
/// @param replaced the last sequence of each boot that was replaced
/// @param rival    a replaced boot that said something new since the present one was heard; null: none
/// @param told     whether the rivals of the present boot were reported
public record HeartbeatOrder(String bootId, long sequence, Map<String, Long> replaced, String rival, boolean told) {
  public static final HeartbeatOrder NOTHING_HEARD = new HeartbeatOrder(null, 0, Map.of(), null, false);

  public HeartbeatOrder {
    replaced = Map.copyOf(replaced);
  }

  /// What a heartbeat is in the order.
  ///
  /// @param counts    false: late or repeated
  /// @param duplicate the boot that alternates with this one, the first time that this is certain; null otherwise
  public record Placed(HeartbeatOrder order, boolean counts, String duplicate) {
    public Optional<String> duplicateBoot() { return Optional.ofNullable(duplicate); }
  }

  public Placed place(String boot, long number) {
    if (boot.equals(bootId)) return present(number);
    var last = replaced.get(boot);
    if (last != null) return late(number > last ? new HeartbeatOrder(bootId, sequence, with(boot, number), boot, told) : this);
    if (bootId == null) return new Placed(new HeartbeatOrder(boot, number, replaced, null, false), true, null);
    return new Placed(new HeartbeatOrder(boot, number, with(bootId, sequence), null, false), true, null);
  }

  private Placed present(long number) {
    if (number <= sequence) return late(this);
    boolean certain = rival != null && !told;
    return new Placed(new HeartbeatOrder(bootId, number, replaced, null, told || certain), true, certain ? rival : null);
  }

  private static Placed late(HeartbeatOrder order) { return new Placed(order, false, null); }

  private Map<String, Long> with(String boot, long last) {
    var all = new HashMap<>(replaced);
    all.put(boot, last);
    return all;
  }
}
