package dev.sluice.rollout.domain;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 over named texts. Each is framed so that no two lists of texts look alike: a line of name, space and the length of the text in bytes of UTF-8, then the
/// text and a line end. Where there is none, the line is the name, a space and a hyphen, and nothing follows it.
final class Sha256 {
  private final MessageDigest digest;

  Sha256() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// @param text null: there is none
  Sha256 add(String name, String text) {
    if (text == null) return add(name + " -\n");
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    add(name + " " + bytes.length + "\n");
    digest.update(bytes);
    return add("\n");
  }

  private Sha256 add(String line) {
    digest.update(line.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /// 64 digits.
  String hex() { return HexFormat.of().formatHex(digest.digest()); }
}
