package dev.sluice.agent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.agent.AgentConfig.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Archives, good and hostile.
class UnpackerTest {
  private static final Limits SMALL = new Limits(1 << 20, 32 << 20, 50, 200);
  @TempDir
  Path folder;

  @Test
  void unpacks_files_folders_and_links_that_stay_inside() throws Exception {
    Path release = unpack(new Tarball().folder("a").file("a/b/c.txt", "hello").script("bin/run", "exit 0").link("a/up", "../bin/run")
        .link("latest", "a/b").hardLink("copy", "a/b/c.txt").file("./d", "").file("x".repeat(150) + "/" + "y".repeat(150), "long")
        .link("dangling", "not-here-yet").link("folder", "a/").link("twice", "a//./b").file("what?", "hello").bytes());

    assertThat(release.resolve("a/b/c.txt")).hasContent("hello");
    assertThat(release.resolve("copy")).hasContent("hello");
    assertThat(release.resolve("latest/c.txt")).hasContent("hello");
    assertThat(release.resolve("folder/b/c.txt")).hasContent("hello");
    assertThat(release.resolve("twice/c.txt")).hasContent("hello");
    assertThat(release.resolve("what?")).hasContent("hello");
    assertThat(release.resolve("bin/run")).isExecutable();
    assertThat(release.resolve("a/b/c.txt")).matches(path -> !Files.isExecutable(path));
    assertThat(Files.readSymbolicLink(release.resolve("a/up"))).hasToString("../bin/run");
    assertThat(release.resolve("x".repeat(150)).resolve("y".repeat(150))).hasContent("long");
  }

  static Stream<Arguments> hostile() {
    return Stream.of(
        Arguments.of("up", new Tarball().file("ok", "1").file("../evil", "x"), "leaves the folder"),
        Arguments.of("hidden up", new Tarball().file("ok", "1").file("a/../../evil", "x"), "leaves the folder"),
        Arguments.of("absolute", new Tarball().file("ok", "1").special("/etc/evil", TarConstants.LF_NORMAL), "absolute"),
        Arguments.of("absolute in a header of its own", new Tarball().header("/etc/evil\0".getBytes(ISO_8859_1)).file("x", "1"),
            "absolute"),
        Arguments.of("many slashes", new Tarball().header("///etc/evil\0".getBytes(ISO_8859_1)).file("x", "1"), "absolute"),
        Arguments.of("absolute in a pax header",
            new Tarball().says("path", "/etc/evil").file("x", "1"), "absolute"),
        Arguments.of("link by the name of a folder", new Tarball().special("l/", TarConstants.LF_SYMLINK), "points out"),
        Arguments.of("device by the name of a folder", new Tarball().special("d/", TarConstants.LF_CHR), "neither a file"),
        Arguments.of("global headers", globals(40), "headers take more than"),
        Arguments.of("hard link bomb", linked(15 << 20, 30), "expands to more than"),
        Arguments.of("absolute link", new Tarball().link("l", "/etc"), "points out"),
        Arguments.of("link up", new Tarball().link("l", "../outside"), "points out"),
        Arguments.of("link up from below", new Tarball().link("a/l", "../../outside"), "points out"),
        Arguments.of("link down and up", new Tarball().folder("a").link("l", "a/../../outside"), "points out"),
        Arguments.of("link through a link", new Tarball().folder("a/b").link("s", "a/b").link("l", "s/../../../x"), "points out"),
        Arguments.of("write through a link", new Tarball().folder("a").link("l", "a").file("l/f", "x"), "below a link"),
        Arguments.of("hard link out", new Tarball().hardLink("h", "../../etc/passwd"), "leaves the folder"),
        Arguments.of("absolute hard link", new Tarball().hardLink("h", "/etc/passwd"), "absolute"),
        Arguments.of("hard link to a link", new Tarball().file("f", "x").link("l", "f").hardLink("h", "l"), "goes through a link"),
        Arguments.of("hard link to nothing", new Tarball().hardLink("h", "none"), "names no file"),
        Arguments.of("pipe", new Tarball().special("p", TarConstants.LF_FIFO), "neither a file"),
        Arguments.of("character device", new Tarball().special("c", TarConstants.LF_CHR), "neither a file"),
        Arguments.of("block device", new Tarball().special("b", TarConstants.LF_BLK), "neither a file"),
        Arguments.of("twice", new Tarball().file("f", "1").file("f", "2"), "comes twice"),
        Arguments.of("file over a link", new Tarball().link("f", "g").file("f", "2"), "comes twice"),
        Arguments.of("file as folder", new Tarball().file("f", "1").file("f/g", "2"), "below a link or a file"),
        Arguments.of("line in a name", new Tarball().file("a\nb", "1"), "control characters"),
        Arguments.of("many entries", many(60), "more than 50 entries"),
        Arguments.of("many folders", new Tarball().file("d/".repeat(60) + "f", "1"), "more than 50 entries"),
        Arguments.of("bomb", new Tarball().file("zeros", new byte[20 << 20]), "expands to more than"),
        Arguments.of("too large", new Tarball().file("noise", noise(33 << 20)), "more than 33554432 bytes"),
        Arguments.of("header bomb", new Tarball().header(new byte[3 << 20]).file("f", "x"), "header takes more than"),
        Arguments.of("endless name", new Tarball().header("n/".repeat(20_000).getBytes()).file("f", "x"), "is too long"),
        Arguments.of("chain of headers", new Tarball().emptyHeaders(1000).file("f", "x"), "header takes more than"),
        Arguments.of("name in Latin-1", new Tarball("ISO-8859-1").file("caf\u00e9", "x"), "is not UTF-8"),
        Arguments.of("long name in Latin-1", new Tarball().header("caf\u00e9/".repeat(30).getBytes(ISO_8859_1)).file("f", "x"),
            "is not UTF-8"),
        Arguments.of("link in Latin-1", new Tarball("ISO-8859-1").link("l", "caf\u00e9"), "is not UTF-8"),
        Arguments.of("long part", new Tarball().file("n".repeat(300), "x"), "is too long"),
        Arguments.of("empty", new Tarball(), "it is empty"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostile")
  void refuses_the_whole_archive_and_keeps_nothing(String name, Tarball archive, String why) throws Exception {
    byte[] bytes = archive.bytes();
    assertThatThrownBy(() -> unpack(bytes)).isInstanceOf(Refused.class).hasMessageContaining(why);
    assertNothingStays();
  }

  @Test
  void refuses_what_is_no_whole_gzipped_tar() throws Exception {
    byte[] whole = new Tarball().file("f", noise(100_000)).bytes();
    var noTar = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(noTar)) {
      gzip.write(noise(5000));
    }
    for (byte[] broken : List.of("plain text".getBytes(), new byte[0], Arrays.copyOf(whole, whole.length / 2), noTar.toByteArray())) {
      assertThatThrownBy(() -> unpack(broken)).isInstanceOf(Refused.class);
      assertNothingStays();
    }
  }

  @Test
  void drops_set_id_bits() throws Exception {
    Path release = unpack(new Tarball().script("f", "exit 0", 06755).folder("d", 07755).bytes());
    assertThat((Integer) Files.getAttribute(release.resolve("f"), "unix:mode") & 07000).isZero();
    assertThat((Integer) Files.getAttribute(release.resolve("d"), "unix:mode") & 07000).isZero();
  }

  @Test
  void folders_have_the_permissions_that_the_archive_gives_them_and_their_owner_all() throws Exception {
    Path release = unpack(new Tarball().folder("shared", 0777).folder("secret", 0).file("secret/f", "x").file("late/f", "x")
        .folder("late", 0750).bytes());
    assertThat(permissions(release.resolve("shared"))).isEqualTo("rwxrwxrwx");
    assertThat(permissions(release.resolve("secret"))).isEqualTo("rwx------");
    assertThat(permissions(release.resolve("late"))).isEqualTo("rwxr-x---");
  }

  @Test
  void counts_a_folder_once() throws Exception {
    var tarball = new Tarball();
    for (int i = 0; i < SMALL.entries(); i++)
      tarball.folder("d" + i);
    assertThat(unpack(tarball.bytes()).resolve("d0")).isDirectory();
  }

  @Test
  @EnabledIfSystemProperty(named = "sun.jnu.encoding", matches = "UTF-8")
  void keeps_names_in_any_script() throws Exception {
    String longer = "\u00e9?".repeat(60);
    Path release = unpack(new Tarball().file("what?/caf\u00e9?", "1").file("\ufffd", "2").file(longer, "3").link("l", longer).bytes());
    assertThat(release.resolve("what?/caf\u00e9?")).hasContent("1");
    assertThat(release.resolve("\ufffd")).hasContent("2");
    assertThat(release.resolve("l")).hasContent("3");
  }

  private Path unpack(byte[] archive) throws IOException, Refused {
    Path file = folder.resolve("archive.tar.gz");
    Files.write(file, archive);
    var release = new Release(Tarball.digest(archive), "1");
    var releases = new Releases(folder.resolve("nginx"));
    releases.unpack(release, file, SMALL);
    assertThat(releases.fault(release)).isEmpty();
    return releases.path(release);
  }

  /// The service of the release that runs may write there.
  @Test
  void leaves_room_on_the_disk_to_others() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(shell("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString()) == 0, "needs root");
    try {
      Path archive = Files.write(folder.resolve("large.tar.gz"), new Tarball().file("noise", noise(12 << 20)).bytes());
      Path release = Files.createDirectory(disk.resolve("release"));
      assertThatThrownBy(() -> Unpacker.unpack(archive, release, SMALL, entry -> {})).isInstanceOf(IOException.class)
          .hasMessageContaining("kept for others");
      assertThat(Files.getFileStore(disk).getUsableSpace()).isGreaterThan(400_000);
    } finally {
      shell("umount", disk.toString());
    }
  }

  private static int shell(String... words) throws Exception { return new ProcessBuilder(words).start().waitFor(); }

  private static Tarball globals(int many) {
    var tarball = new Tarball().file("noise", noise(1 << 20));
    for (int i = 0; i < many; i++)
      tarball.saysOfAll("k" + i, "v".repeat(30_000)).file("f" + i, "");
    return tarball;
  }

  private static Tarball linked(int size, int many) {
    var tarball = new Tarball().file("zeros", new byte[size]);
    for (int i = 0; i < many; i++)
      tarball.hardLink("l" + i, "zeros");
    return tarball;
  }

  private void assertNothingStays() throws IOException {
    try (Stream<Path> left = Files.list(folder.resolve("nginx/releases"))) {
      assertThat(left).isEmpty();
    }
    try (Stream<Path> around = Files.list(folder)) {
      assertThat(around.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("archive.tar.gz", "nginx");
    }
    assertThat(Files.exists(Path.of("/etc/evil"), LinkOption.NOFOLLOW_LINKS)).isFalse();
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static Tarball many(int files) {
    var tarball = new Tarball();
    for (int i = 0; i < files; i++)
      tarball.file("f" + i, "x");
    return tarball;
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(7).nextBytes(bytes);
    return bytes;
  }
}
