package dev.sluice.agent;

import java.nio.charset.StandardCharsets;

/// How long a name in an archive, and the target of a link, may be, and of what: for the agent, and for whoever packs what agents are to take.
public final class EntryName {
  /// The most characters of a name.
  public static final int CHARS = 1024;
  /// The most bytes, in UTF-8, between two slashes.
  public static final int PART_BYTES = 255;

  private EntryName() {}

  public static boolean isLong(String name) { return name.length() > CHARS; }

  public static boolean isLongPart(String part) { return part.getBytes(StandardCharsets.UTF_8).length > PART_BYTES; }

  public static boolean hasControls(String name) { return name.chars().anyMatch(Character::isISOControl); }
}
