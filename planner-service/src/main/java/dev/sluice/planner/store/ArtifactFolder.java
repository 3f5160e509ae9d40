package dev.sluice.planner.store;

import dev.sluice.contract.Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;

/// A folder of artifacts by digest: `ab/ab12...`. What is being written stands in `incoming` until its digest is proven; it then moves in one step. Blocks.
public final class ArtifactFolder {
  private static final Duration ABANDONED = Duration.ofDays(1);
  private final Path folder;
  private final Path incoming;

  /// Makes the folder where it is missing, and clears away uploads that were left more than a day ago.
  ///
  /// @throws IllegalArgumentException where it cannot be used
  public ArtifactFolder(Path folder, Instant now) {
    this.folder = folder.toAbsolutePath();
    this.incoming = this.folder.resolve("incoming");
    try {
      Files.createDirectories(incoming);
      try (var files = Files.list(incoming)) {
        for (var file : files.toList())
          if (Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(ABANDONED))) Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("the folder of artifacts, SLUICE_ARTIFACTS_DIR, cannot be used: " + e, e);
    }
  }

  /// Where an upload is written; `id` is its own.
  public Path incoming(String id) { return incoming.resolve(id); }

  /// Where an artifact stands, whether it does or not.
  public Path place(Digest digest) {
    var hex = digest.value().substring("sha256:".length());
    return folder.resolve(hex.substring(0, 2)).resolve(hex);
  }

  /// The artifact's length in bytes; empty if it is not stored.
  public OptionalLong size(Digest digest) {
    try {
      return OptionalLong.of(Files.size(place(digest)));
    } catch (NoSuchFileException e) {
      return OptionalLong.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("the artifact " + digest, e);
    }
  }

  /// Moves a proven upload to its place, where it outlives a power cut.
  ///
  /// @param size what was written, in bytes
  /// @return whether it is new
  /// @throws UncheckedIOException if the disk did not take it all
  public boolean accept(Path upload, Digest digest, long size) {
    try {
      if (Files.size(upload) != size) throw new IOException("the disk took " + Files.size(upload) + " of " + size + " bytes");
      sync(upload);
      var place = place(digest);
      boolean known = Files.exists(place);
      Files.createDirectories(place.getParent());
      Files.move(upload, place, StandardCopyOption.ATOMIC_MOVE);
      sync(place.getParent());
      sync(folder);
      return !known;
    } catch (IOException e) {
      throw new UncheckedIOException("the artifact " + digest, e);
    }
  }

  private static void sync(Path path) throws IOException {
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /// Forgets an upload.
  public void discard(Path upload) {
    try {
      Files.deleteIfExists(upload);
    } catch (IOException e) {
      throw new UncheckedIOException("the upload " + upload, e);
    }
  }
}
