package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A folder becomes the same archive wherever and whenever it is packed.
class TarballTest {
  @TempDir
  private Path work;

  @Test
  void the_same_contents_give_the_same_digest() throws IOException {
    var one = DemoModule.write(Files.createDirectory(work.resolve("one")), "1.26.0", false);
    var other = DemoModule.write(Files.createDirectory(work.resolve("a folder with a space")), "1.26.0", false);
    Files.setLastModifiedTime(other.resolve("VERSION"), FileTime.fromMillis(0));
    assertThat(digest(one)).isEqualTo(digest(other)).matches("sha256:[0-9a-f]{64}");
    assertThat(digest(DemoModule.write(work.resolve("one"), "1.26.0-broken", true))).isNotEqualTo(digest(one));
  }

  @Test
  void it_holds_the_folder_s_contents_in_order_with_plain_modes() throws IOException {
    var folder = DemoModule.write(work, "1.26.0", false);
    Files.createSymbolicLink(folder.resolve("current"), Path.of("bin/nginx"));
    var archive = work.resolve("x.tar.gz");
    Tarball.pack(folder, archive);
    var entries = new ArrayList<String>();
    try (var tar = new TarArchiveInputStream(new GzipCompressorInputStream(new BufferedInputStream(Files.newInputStream(archive))))) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry())
        entries.add(entry.getName() + " " + Integer.toOctalString(entry.getMode() & 0777) + " " + entry.getLinkName());
    }
    assertThat(entries).isEqualTo(List.of("VERSION 644 ", "bin/ 755 ", "bin/health 755 ", "bin/nginx 755 ", "current 777 bin/nginx"));
  }

  @Test
  void what_no_module_can_hold_is_refused() throws Exception {
    var folder = Files.createDirectory(work.resolve("odd"));
    assertThat(new ProcessBuilder("mkfifo", folder.resolve("pipe").toString()).start().waitFor()).isZero();
    assertThatThrownBy(() -> Tarball.pack(folder, work.resolve("odd.tar.gz"))).isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("pipe");
  }

  @Test
  void what_each_agent_would_refuse_is_refused_here() throws Exception {
    var empty = Files.createDirectory(work.resolve("empty"));
    assertThatThrownBy(() -> Tarball.pack(empty, work.resolve("odd.tar.gz"))).isInstanceOf(Failure.Usage.class)
        .hasMessageContaining("is empty");
    for (var target : List.of("/var/log", "../../outside", "a/../../outside", "a/../b")) {
      var folder = Files.createDirectories(work.resolve(target.replace('/', '_')).resolve("sub")).getParent();
      Files.createSymbolicLink(folder.resolve("sub/logs"), Path.of(target));
      assertThatThrownBy(() -> Tarball.pack(folder, work.resolve("odd.tar.gz"))).isInstanceOf(Failure.Usage.class)
          .hasMessageContaining("logs leads to " + target);
    }
  }

  @Test
  void a_name_that_each_agent_would_refuse_is_refused_here() throws IOException {
    assertThat(Tarball.isName("é".repeat(127) + "/" + "b".repeat(255))).isTrue();
    assertThat(Tarball.isName("é".repeat(128))).isFalse();
    assertThat(Tarball.isName("a\u0085b")).isFalse();
    for (var name : List.of("a\nb", "a\u001bb", "a\u007fb")) {
      var folder = Files.createDirectory(work.resolve(Integer.toHexString(name.charAt(1))));
      var file = Files.createFile(folder.resolve(name));
      refuses(folder, "a b has a name in the module with control characters");
      Files.delete(file);
      Files.createSymbolicLink(folder.resolve("link"), Path.of(name));
      refuses(folder, "link leads to what has control characters");
    }
  }

  /// The slash behind the name of a folder counts, as it does for the agent.
  @Test
  void a_name_is_as_long_as_an_agent_takes_it_and_no_longer() throws IOException {
    var deep = Files.createDirectories(work.resolve("deep")).resolve(String.join("/", Collections.nCopies(4, "d".repeat(200))));
    Files.createDirectories(deep);
    var most = Files.createFile(deep.resolve("f".repeat(220)));
    digest(work.resolve("deep"));
    Files.move(most, deep.resolve("f".repeat(221)));
    refuses(work.resolve("deep"), "more than 1024");
    Files.delete(deep.resolve("f".repeat(221)));
    Files.createDirectory(deep.resolve("f".repeat(220)));
    refuses(work.resolve("deep"), "more than 1024");
    Files.delete(deep.resolve("f".repeat(220)));
    var link = Files.createSymbolicLink(deep.resolve("l"), Path.of("aa/" + "a/".repeat(510) + "a"));
    digest(work.resolve("deep"));
    Files.delete(link);
    Files.createSymbolicLink(link, Path.of("aa/" + "a/".repeat(510) + "ab"));
    refuses(work.resolve("deep"), "l leads to what has control characters, or more than 1024");
  }

  @Test
  void what_a_link_leads_to_is_packed() throws IOException {
    var folder = DemoModule.write(Files.createDirectory(work.resolve("linked")), "1.26.0", false);
    Files.createSymbolicLink(folder.resolve("bin/up"), Path.of("../VERSION"));
    var current = Files.createSymbolicLink(work.resolve("current"), folder);
    assertThat(digest(current)).isEqualTo(digest(folder));
  }

  private void refuses(Path folder, String why) {
    assertThatThrownBy(() -> Tarball.pack(folder, work.resolve("odd.tar.gz"))).isInstanceOf(Failure.Usage.class).hasMessageContaining(why);
  }

  private String digest(Path folder) throws IOException {
    var archive = Files.createTempFile(work, "module", ".tar.gz");
    Tarball.pack(folder, archive);
    return Tarball.digest(archive);
  }
}
