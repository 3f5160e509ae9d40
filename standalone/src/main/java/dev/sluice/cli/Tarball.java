package dev.sluice.cli;

import dev.sluice.agent.EntryName;
import dev.sluice.chassis.Ids;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipParameters;

/// A folder as a `.tar.gz` that is the same, byte for byte, wherever and whenever it is made from the same contents: entries in order of their names,
/// no times, no owners, modes reduced to 0755 and 0644. So a digest names a content.
final class Tarball {
  private static final int PROGRAM = 0755;
  private static final int PLAIN = 0644;
  private static final int BUFFER = 64 << 10;

  private Tarball() {}

  /// Packs what is in a folder, or what a link leads to; the folder's own name is not in it. Links within it stay links.
  ///
  /// @throws Failure.Usage where there is something that an archive of a module cannot hold: each agent would refuse it
  static void pack(Path given, Path to) throws IOException {
    var folder = given.toRealPath();
    var contents = contents(folder);
    if (contents.isEmpty()) throw new Failure.Usage(given + " is empty; a module holds at least one file");
    var parameters = new GzipParameters();
    parameters.setCompressionLevel(Deflater.BEST_COMPRESSION);
    parameters.setOperatingSystem(255);
    try (var tar = new TarArchiveOutputStream(
        new GzipCompressorOutputStream(new BufferedOutputStream(Files.newOutputStream(to)), parameters))) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      for (var path : contents)
        add(tar, folder, path);
    }
  }

  private static List<Path> contents(Path folder) throws IOException {
    try (var walk = Files.walk(folder)) {
      return walk.filter(path -> !path.equals(folder)).sorted((a, b) -> name(folder, a).compareTo(name(folder, b))).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void add(TarArchiveOutputStream tar, Path folder, Path path) throws IOException {
    var name = name(folder, path);
    if (Files.isSymbolicLink(path)) {
      var link = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
      link.setLinkName(inside(folder, path));
      put(tar, link, path, 0777);
    } else if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      put(tar, new TarArchiveEntry(name + "/"), path, PROGRAM);
    } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      var file = new TarArchiveEntry(name);
      file.setSize(Files.size(path));
      put(tar, file, path, Files.isExecutable(path) ? PROGRAM : PLAIN);
      Files.copy(path, tar);
    } else {
      throw new Failure.Usage(path + " is neither a file, a folder nor a link; a module cannot hold it");
    }
    tar.closeArchiveEntry();
  }

  /// Where a link leads, which each step of following it must find inside.
  private static String inside(Path folder, Path link) throws IOException {
    var target = Files.readSymbolicLink(link);
    int up = folder.relativize(link).getNameCount() - 1;
    boolean down = false;
    boolean out = target.isAbsolute();
    for (var part : target) {
      boolean back = part.toString().equals("..");
      out |= back && (down || --up < 0);
      down |= !back && !part.toString().equals(".");
    }
    if (out)
      throw refused(link,
          "leads to " + Text.plain(target.toString()) + "; the links of a module must stay inside it, with .. only in front");
    if (!fits(target.toString())) throw refused(link, "leads to what has control characters, or more than " + EntryName.CHARS + " of any");
    return target.toString();
  }

  private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, Path path, int mode) throws IOException {
    if (!isName(entry.getName()))
      throw refused(path, "has a name in the module with control characters, with more than " + EntryName.CHARS + " of any, or more than "
          + EntryName.PART_BYTES + " bytes between two slashes");
    entry.setModTime(0);
    entry.setIds(0, 0);
    entry.setNames("", "");
    entry.setMode(mode);
    tar.putArchiveEntry(entry);
  }

  /// Whether an agent takes it for the name of an entry.
  static boolean isName(String text) {
    return fits(text) && Stream.of(text.split("/")).noneMatch(EntryName::isLongPart);
  }

  private static boolean fits(String text) { return !EntryName.isLong(text) && !EntryName.hasControls(text); }

  private static Failure refused(Path path, String why) { return new Failure.Usage(Text.plain(path.toString()) + " " + why); }

  private static String name(Path folder, Path path) { return folder.relativize(path).toString(); }

  /// `sha256:` and 64 hex digits.
  static String digest(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
      var sha256 = Ids.sha256();
      try (var digesting = new DigestInputStream(in, sha256)) {
        digesting.transferTo(OutputStream.nullOutputStream());
      }
      return "sha256:" + Ids.hex(sha256.digest());
    }
  }
}
