package dev.sluice.contract;

/// How the plan order 0..total-1 is cut: `canary` first, if any, then `size` each, the last takes the remainder. Consecutive, disjoint, covering.
///
/// @param total  members
/// @param canary members of batch 0 where there is a canary; 0 otherwise
/// @param size   members of every other batch but the last; at least 1
public record Slices(int total, int canary, int size) {
  public Slices {
    if (total < 0 || canary < 0 || size < 1) throw new IllegalArgumentException("slices need total and canary >= 0 and size >= 1");
    canary = Math.min(canary, total);
  }

  public int count() { return (canary > 0 ? 1 : 0) + Math.ceilDiv(total - canary, size); }

  /// The batch of a member.
  public int batchOf(int ordinal) {
    if (ordinal < canary) return 0;
    return (canary > 0 ? 1 : 0) + (ordinal - canary) / size;
  }

  /// The first member of a batch.
  public int from(int batch) {
    if (canary == 0) return batch * size;
    return batch == 0 ? 0 : canary + (batch - 1) * size;
  }

  /// The member after the last one of a batch.
  public int to(int batch) {
    if (canary > 0 && batch == 0) return canary;
    return (int) Math.min(total, (long) from(batch) + size);
  }

  public int sizeOf(int batch) { return to(batch) - from(batch); }

  public boolean isCanary(int batch) { return canary > 0 && batch == 0; }
}
