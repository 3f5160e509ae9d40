package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Properties;

/// Random passwords by role, kept in a file that only its owner can read. A role that is not in it yet gets one when first asked for.
final class Passwords {
  private final Path file;
  private final Properties byRole = new Properties();

  Passwords(Path file) {
    this.file = file;
    if (Files.exists(file)) {
      try (var in = Files.newBufferedReader(file)) {
        byRole.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// The password of a role: 32 hex digits. On disk before it is returned.
  synchronized String of(String role) {
    if (!byRole.containsKey(role)) {
      var bytes = new byte[16];
      new SecureRandom().nextBytes(bytes);
      byRole.setProperty(role, HexFormat.of().formatHex(bytes));
      save();
    }
    return byRole.getProperty(role);
  }

  /// Where data were made with a password, another would open nothing.
  ///
  /// @throws IllegalStateException when the file does not know the role
  synchronized void require(String role) {
    if (!byRole.containsKey(role)) {
      throw new IllegalStateException(
          "%s has no password of %s, with which the data beside it were made: put the file back from a backup".formatted(file, role));
    }
  }

  private void save() {
    try {
      var partial = Files.createTempFile(file.toAbsolutePath().getParent(), "passwords", ".new",
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try (var out = Files.newBufferedWriter(partial)) {
        byRole.store(out, "PostgreSQL passwords by role");
      }
      Folders.sync(partial);
      Folders.rename(partial, file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
