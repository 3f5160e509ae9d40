package dev.sluice.agent;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import com.grack.nanojson.JsonWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Files that outlive a crash: written whole beside their place, synced, then renamed into it. Readable by their owner only.
final class Durable {
  private Durable() {}

  static void write(Path file, JsonObject json) throws IOException { write(file, JsonWriter.string(json)); }

  static void write(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel = create(fresh)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining())
        channel.write(bytes);
      channel.force(true);
    }
    rename(fresh, file);
  }

  /// A new file in place of what was there, readable by its owner only.
  static FileChannel create(Path file) throws IOException {
    Files.deleteIfExists(file);
    return FileChannel.open(file, Set.of(CREATE_NEW, WRITE),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  /// Moves a file, a link or a folder into its place in one step, and makes that last.
  static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    sync(to.toAbsolutePath().getParent());
  }

  /// Makes the names in a folder last.
  static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, READ)) {
      channel.force(true);
    }
  }

  /// The object in a file; empty where there is none.
  ///
  /// @throws IOException where it cannot be read as JSON, naming the file
  static Optional<JsonObject> read(Path file) throws IOException {
    try {
      return Optional.of(JsonParser.object().from(Files.readString(file)));
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (JsonParserException broken) {
      throw new IOException(file + " is broken: " + broken.getMessage(), broken);
    }
  }

  /// The same, as what it says.
  ///
  /// @throws IOException also where it says something else, as that of another version of the agent may
  static <T> Optional<T> read(Path file, Function<JsonObject, T> meaning) throws IOException {
    try {
      return read(file).map(meaning);
    } catch (RuntimeException other) {
      throw new IOException(file + " cannot be understood: " + other.getMessage(), other);
    }
  }

  /// Removes a folder and all in it, following no link. A folder that is not there is fine.
  ///
  /// @throws IOException the first of those where something cannot be removed; all else is gone
  static void delete(Path folder) throws IOException { deleteAll(List.of(folder)); }

  /// The same of several.
  static void deleteAll(Iterable<Path> folders) throws IOException {
    var deletion = new Deletion();
    for (Path folder : folders)
      Files.walkFileTree(folder, deletion);
    if (deletion.first != null) throw deletion.first;
  }

  private static final class Deletion extends SimpleFileVisitor<Path> {
    private IOException first;

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) { return delete(file); }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) {
      return failure instanceof NoSuchFileException ? FileVisitResult.CONTINUE : failed(failure);
    }

    @Override
    public FileVisitResult postVisitDirectory(Path visited, IOException failure) {
      return failure == null ? delete(visited) : failed(failure);
    }

    private FileVisitResult delete(Path path) {
      try {
        Files.deleteIfExists(path);
        return FileVisitResult.CONTINUE;
      } catch (IOException e) {
        return failed(e);
      }
    }

    private FileVisitResult failed(IOException failure) {
      if (first == null) first = failure;
      return FileVisitResult.CONTINUE;
    }
  }
}
