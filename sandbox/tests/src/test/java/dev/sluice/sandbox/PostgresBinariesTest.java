package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class PostgresBinariesTest {
  @Test
  void are_whole_for_both_when_two_unpack_at_once(@TempDir Path temp) throws Exception {
    var cache = temp.resolve("a cache");
    var other = CompletableFuture.supplyAsync(() -> PostgresBinaries.unpacked(cache));
    var binaries = PostgresBinaries.unpacked(cache);
    assertThat(other.join()).isEqualTo(binaries);
    try (var left = Files.list(cache)) {
      assertThat(left).hasSize(1);
    }
    var version = Programs.run(temp, List.of(binaries.program("postgres"), "--version"), Duration.ofSeconds(60)).output();
    assertThat(version).contains(Versions.POSTGRES.replaceFirst("\\.0$", "")); // 18.6.0 of the artifact is 18.6 of PostgreSQL
  }

  @Test
  void are_unpacked_without_tar_and_xz_too(@TempDir Path temp) throws Exception {
    var archive = temp.resolve("archive.txz");
    try (var out = new TarArchiveOutputStream(new XZOutputStream(Files.newOutputStream(archive), new LZMA2Options(0)))) {
      put(out, new TarArchiveEntry("bin/"), "");
      put(out, mode(new TarArchiveEntry("bin/program"), 0755), "#!/bin/sh");
      put(out, mode(new TarArchiveEntry("lib/data"), 0644), "data");
      var link = new TarArchiveEntry("lib/link", TarConstants.LF_SYMLINK);
      link.setLinkName("data");
      put(out, link, "");
    }
    var unpacked = PostgresBinaries.unpackInJava(archive, Files.createDirectory(temp.resolve("by java")));
    Folders.syncEach(unpacked);
    assertThat(unpacked.resolve("bin/program")).isExecutable().hasContent("#!/bin/sh");
    assertThat(unpacked.resolve("lib/link")).isSymbolicLink().hasContent("data");
    assertThat(Files.getPosixFilePermissions(unpacked.resolve("lib/data"))).hasSize(4);
  }

  private static TarArchiveEntry mode(TarArchiveEntry entry, int mode) {
    entry.setMode(mode);
    return entry;
  }

  private static void put(TarArchiveOutputStream out, TarArchiveEntry entry, String content) throws IOException {
    var bytes = content.getBytes(StandardCharsets.UTF_8);
    entry.setSize(bytes.length);
    out.putArchiveEntry(entry);
    out.write(bytes);
    out.closeArchiveEntry();
  }
}
