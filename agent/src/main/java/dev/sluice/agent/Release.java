package dev.sluice.agent;

import java.util.regex.Pattern;

/// One version of a module as it lies in its folder.
///
/// @param digest  of its archive, `sha256:` and 64 hex digits; empty in [#NONE] only
/// @param version its name for people
record Release(String digest, String version) {
  static final Release NONE = new Release("", "");
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

  static boolean isDigest(String text) { return DIGEST.matcher(text).matches(); }

  boolean exists() { return !digest.isEmpty(); }

  /// The 64 hex digits, which name its folder.
  String hex() { return hex(digest); }

  static String hex(String digest) { return digest.substring("sha256:".length()); }
}
