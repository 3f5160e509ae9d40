package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;

/// Makes and removes whole folders, and makes them last.
final class Folders {
  private Folders() {
  }

  /// Makes a folder that only its owner may enter; an existing one stays as it is.
  static Path createPrivate(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder.toAbsolutePath().getParent());
      Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    return folder;
  }

  /// A new private folder that its maker removes.
  static Path temporary() {
    try {
      return Files.createTempDirectory("sluice-sandbox-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Moves a file or a folder into its place in one step, and makes its name last over a power cut. What is in it is to be synced before.
  static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    sync(to.toAbsolutePath().getParent());
  }

  /// Makes the content of a file, or the names in a folder, last.
  static void sync(Path path) throws IOException {
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /// Makes a folder and all in it last. The system's `sync` takes a twentieth of the time of its twin, which serves where it is missing.
  static void syncAll(Path folder) throws IOException {
    if (!Programs.succeeds(folder, List.of("sync", "-f", "."))) {
      syncEach(folder);
    }
  }

  static void syncEach(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (var file : files.filter(file -> !Files.isSymbolicLink(file)).toList()) {
        sync(file);
      }
    }
  }

  /// Deletes a folder and all in it; a missing one is fine. Links are not followed.
  static void delete(Path folder) throws IOException {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      try (var files = Files.walk(folder)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
