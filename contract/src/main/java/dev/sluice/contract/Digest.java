package dev.sluice.contract;

import java.util.regex.Pattern;

/// The content address of a module version: `sha256:` and 64 lower-case hex digits.
public record Digest(String value) implements Id {
  private static final Pattern SHAPE = Pattern.compile("sha256:[0-9a-f]{64}");

  public Digest {
    if (value == null || !SHAPE.matcher(value).matches()) throw new IllegalArgumentException("a digest is sha256: and 64 hex digits");
  }

  @Override
  public String toString() { return value; }
}
