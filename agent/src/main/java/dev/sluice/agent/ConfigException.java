package dev.sluice.agent;

import java.util.List;

/// A configuration that cannot be used, with all its faults.
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  ConfigException(List<String> faults) { super(String.join("\n", faults)); }
}
