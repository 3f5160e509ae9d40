package dev.sluice.agent;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/// What a release consisted of when it was unpacked: a line for each file, `sha256 size path`, and for each link, `link size path`
/// followed by a line with its target. It lies beside the release, outside its folder. Files that a command adds are no fault.
final class Manifest {
  private static final int BUFFER_BYTES = 64 << 10;

  /// @param sha256 of the content in hex; `link` for a symbolic link
  /// @param size   in bytes; of a link, of its target's name
  /// @param path   relative to the release
  /// @param target of a link; empty otherwise
  record Entry(String sha256, long size, String path, String target) {
    static Entry link(String path, String target) {
      return new Entry("link", target.getBytes(StandardCharsets.UTF_8).length, path, target);
    }

    boolean isLink() { return sha256.equals("link"); }
  }

  private Manifest() {}

  /// Takes what is unpacked, one after the other: a release has more of it than an agent has memory.
  interface Sink {
    void add(Entry entry) throws IOException;
  }

  /// Writes a manifest; it is whole once it is closed.
  static final class Writer implements Sink, AutoCloseable {
    private final FileChannel channel;
    private final java.io.Writer text;

    Writer(Path file) throws IOException {
      channel = Durable.create(file);
      text = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
    }

    @Override
    public void add(Entry entry) throws IOException {
      text.append(entry.sha256()).append(' ').append(Long.toString(entry.size())).append(' ').append(entry.path()).append('\n');
      if (entry.isLink()) text.append(entry.target()).append('\n');
    }

    @Override
    public void close() throws IOException {
      try (channel) {
        text.flush();
        channel.force(true);
      }
    }
  }

  /// Compares a release with its manifest.
  ///
  /// @return the first fault found, for people; empty where all is as it was unpacked
  static Optional<String> fault(Path manifest, Path release) {
    try {
      if (!Files.isDirectory(release, LinkOption.NOFOLLOW_LINKS)) return Optional.of("the release folder is missing");
      try (var lines = Files.newBufferedReader(manifest)) {
        for (Entry entry = read(lines); entry != null; entry = read(lines)) {
          Optional<String> fault = fault(entry, release.resolve(entry.path()));
          if (fault.isPresent()) return fault;
        }
      }
      return Optional.empty();
    } catch (NoSuchFileException gone) {
      return Optional.of("missing: " + gone.getMessage());
    } catch (IOException | IllegalArgumentException unreadable) {
      return Optional.of("cannot be read: " + unreadable.getMessage());
    }
  }

  private static Optional<String> fault(Entry entry, Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return Optional.of("missing: " + entry.path());
    if (entry.isLink()) {
      boolean same = Files.isSymbolicLink(path) && Files.readSymbolicLink(path).toString().equals(entry.target());
      return same ? Optional.empty() : Optional.of("changed: link " + entry.path());
    }
    boolean same = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && Files.size(path) == entry.size()
        && sha256(path).equals(entry.sha256());
    return same ? Optional.empty() : Optional.of("changed: " + entry.path());
  }

  /// The next entry; null at the end.
  private static Entry read(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    if (line == null) return null;
    String[] words = line.split(" ", 3);
    if (words.length < 3) throw new IOException("broken line: " + line);
    String target = words[0].equals("link") ? lines.readLine() : "";
    return new Entry(words[0], Long.parseLong(words[1]), words[2], target == null ? "" : target);
  }

  static String sha256(Path file) throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer))
        digest.update(buffer, 0, n);
    }
    return hex(digest);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("each JDK has SHA-256", e);
    }
  }

  static String hex(MessageDigest digest) { return HexFormat.of().formatHex(digest.digest()); }
}
