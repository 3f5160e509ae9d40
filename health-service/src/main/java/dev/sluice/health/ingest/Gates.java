package dev.sluice.health.ingest;

import dev.sluice.contract.Purpose;
import java.util.Map;

/// What the open rollouts deliver now, as this replica last read it. Only a hint: the hand-out itself asks the database.
public final class Gates {
  /// @param purpose what is delivered; null: nothing
  public record Gate(Purpose purpose) {}

  private volatile Map<String, Gate> open = Map.of();

  /// @return whether a rollout delivers something that it did not deliver before
  boolean replace(Map<String, Gate> gates) {
    var before = open;
    open = Map.copyOf(gates);
    return gates.entrySet().stream()
        .anyMatch(e -> e.getValue().purpose() != null
            && !(before.get(e.getKey()) instanceof Gate(var purpose) && purpose == e.getValue().purpose()));
  }

  public boolean isOpen(String rolloutId) { return open.containsKey(rolloutId); }

  public boolean delivers(String rolloutId, Purpose purpose) {
    var gate = open.get(rolloutId);
    return gate != null && gate.purpose() == purpose && purpose != null;
  }

  /// Whether any rollout is open.
  public boolean any() { return !open.isEmpty(); }
}
