package dev.sluice.standalone;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/// How many instances of a simulated fleet get which fault. Who gets it is drawn by the seed: the same seed and numbers, the same instances.
///
/// @param silent    whose connection is cut once they run their first release
/// @param slow      whose apply takes as long as `slowApply`
/// @param flapping  whose connection comes and goes
public record Faults(long seed, int silent, int slow, int flapping, Duration slowApply) {
  public static final Faults NONE = new Faults(0, 0, 0, 0);

  /// What is wrong with an instance.
  public enum Fault {
    NONE, SILENT, SLOW, FLAPPING
  }

  public Faults(long seed, int silent, int slow, int flapping) { this(seed, silent, slow, flapping, Duration.ofSeconds(20)); }

  public Faults {
    if (Math.min(Math.min(silent, slow), flapping) < 0) throw new IllegalArgumentException("no number of faults is negative");
  }

  /// The fault of each instance, in their order.
  ///
  /// @throws IllegalArgumentException where there are more faults than instances
  public List<Fault> draw(int instances) {
    if ((long) silent + slow + flapping > instances)
      throw new IllegalArgumentException("more faults than the " + instances + " instances");
    var faults = new ArrayList<>(Collections.nCopies(silent, Fault.SILENT));
    faults.addAll(Collections.nCopies(slow, Fault.SLOW));
    faults.addAll(Collections.nCopies(flapping, Fault.FLAPPING));
    faults.addAll(Collections.nCopies(instances - faults.size(), Fault.NONE));
    Collections.shuffle(faults, new Random(seed));
    return List.copyOf(faults);
  }
}
