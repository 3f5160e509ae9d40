package dev.sluice.agent;

import java.util.Locale;

/// What an agent says of a module, in the words of the wire.
public enum ModuleState {
  APPLYING, HEALTHY, UNHEALTHY, APPLY_FAILED;

  String wire() { return name().toLowerCase(Locale.ROOT); }
}
