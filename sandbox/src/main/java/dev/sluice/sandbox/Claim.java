package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The right to work in a folder, held by one process at a time and freed by the system when that process dies.
/// The set of this process's own claims stands before the file lock, because closing a second channel on the file would free the first's lock.
final class Claim implements AutoCloseable {
  private static final Set<Path> OURS = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final FileChannel channel;

  private Claim(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /// Creates `folder`, closed to others, where it is missing, and claims it.
  ///
  /// @throws IllegalStateException when a living process, maybe this one, holds it
  static Claim of(Path folder) {
    try {
      var real = Folders.createPrivate(folder).toRealPath();
      if (!OURS.add(real)) {
        throw new IllegalStateException(folder + " is in use by this process");
      }
      try {
        return new Claim(real, locked(real.resolve("lock")));
      } catch (IOException | RuntimeException e) {
        OURS.remove(real);
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static FileChannel locked(Path file) throws IOException {
    var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (channel.tryLock() == null) {
      channel.close();
      throw new IllegalStateException(
          "%s is in use by process %s: stop it or choose another folder".formatted(file.getParent(), Files.readString(file)));
    }
    channel.truncate(0).write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
    return channel;
  }

  /// The folder without links.
  Path folder() { return folder; }

  @Override
  public void close() {
    if (!channel.isOpen()) {
      return; // by now the folder may be claimed anew
    }
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      OURS.remove(folder);
    }
  }
}
