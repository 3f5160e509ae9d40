package dev.sluice.sandbox;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/// The programs of PostgreSQL (`initdb`, `postgres`, `pg_ctl`), unpacked from the Maven artifact on the class path.
/// They are unpacked once for each version into `$SLUICE_CACHE`, else `~/.cache/sluice`, and shared by all later starts.
/// Unpacking goes to a folder of its own that is then renamed, so two processes that race both end with whole programs;
/// and it is synced before, so they are whole after a power cut too.
///
/// @param folder holds `bin`, `lib` and `share`
record PostgresBinaries(Path folder) {

  /// Finds the programs, unpacking them where this is the first time.
  static PostgresBinaries unpacked() { return unpacked(cache()); }

  static PostgresBinaries unpacked(Path cache) {
    var wanted = cache.resolve("postgres-%s-%s".formatted(Versions.POSTGRES, machine()));
    try {
      if (!Files.isDirectory(wanted)) {
        unpackInto(wanted);
      }
      return new PostgresBinaries(wanted.toRealPath());
    } catch (IOException e) {
      throw new UncheckedIOException("PostgreSQL could not be unpacked into %s; set SLUICE_CACHE to a writable folder".formatted(wanted),
          e);
    }
  }

  String program(String name) { return folder.resolve("bin").resolve(name).toString(); }

  private static Path cache() {
    return Optional.ofNullable(System.getenv("SLUICE_CACHE")).filter(path -> !path.isBlank()).map(Path::of)
        .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache", "sluice"));
  }

  private static String machine() {
    var os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    var arch = System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
    return (os.startsWith("mac") ? "darwin" : os) + "-" + arch;
  }

  private static void unpackInto(Path wanted) throws IOException {
    Files.createDirectories(wanted.getParent());
    var partial = Files.createTempDirectory(wanted.getParent(), "unpacking-");
    try {
      var archive = partial.resolve("archive.txz");
      try (var in = archive()) {
        Files.copy(in, archive);
      }
      var unpacked = unpack(archive);
      Folders.syncAll(unpacked);
      Folders.rename(unpacked, wanted);
    } catch (IOException e) {
      if (!Files.isDirectory(wanted)) {
        throw e;
      } // else another process was faster
    } finally {
      Folders.delete(partial);
    }
  }

  /// The system's `tar` and `xz` take a third of the time of their Java twins, which serve where they are missing.
  private static Path unpack(Path archive) throws IOException {
    var folder = Files.createDirectory(archive.resolveSibling("by-system"));
    if (Programs.succeeds(folder, List.of("tar", "-x", "-J", "--no-same-owner", "-f", archive.toString()))) {
      return folder;
    }
    return unpackInJava(archive, Files.createDirectory(archive.resolveSibling("by-java")));
  }

  static Path unpackInJava(Path archive, Path folder) throws IOException {
    try (var in = new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(Files.newInputStream(archive))))) {
      for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        unpack(folder, entry, in);
      }
    }
    return folder;
  }

  private static InputStream archive() {
    var name = "/postgres-" + machine() + ".txz";
    return Optional.ofNullable(PostgresBinaries.class.getResourceAsStream(name)).orElseThrow(() -> new IllegalStateException(
        "PostgreSQL comes along for Linux on x86-64, not for %s; run the services apart on a server of your own (deploy/README.md)"
            .formatted(machine())));
  }

  private static void unpack(Path folder, TarArchiveEntry entry, InputStream content) throws IOException {
    var target = entry.resolveIn(folder);
    if (entry.isDirectory()) {
      Files.createDirectories(target);
    } else {
      Files.createDirectories(target.getParent());
      if (entry.isSymbolicLink()) {
        Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
      } else {
        Files.copy(content, target);
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString((entry.getMode() & 0100) != 0 ? "rwxr-xr-x" : "rw-r--r--"));
      }
    }
  }
}
