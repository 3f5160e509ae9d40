package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The folder of a module.
class ReleasesTest {
  private static final int OF_EACH = 5;
  @TempDir
  Path folder;

  @AfterEach
  void remove_what_only_a_shell_can() throws Exception {
    assertThat(new ProcessBuilder("rm", "-r", folder.resolve("releases").toString()).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void an_old_release_that_cannot_be_deleted_keeps_no_other_and_nothing_else_of_its_own() throws Exception {
    Path old = folder.resolve("releases");
    for (int i = 0; i < OF_EACH; i++) {
      Files.createFile(Files.createDirectories(old.resolve(hex("a", i))).resolve("f"));
      Path stuck = Files.createDirectories(old.resolve(hex("b", i)));
      for (int j = 0; j < OF_EACH; j++)
        Files.createFile(stuck.resolve("f" + j));
      beyondReach(stuck);
    }
    assertThatThrownBy(() -> new Releases(folder).prune()).isInstanceOf(FileSystemException.class).hasMessageContaining("too long");
    assertThat(names(old)).hasSize(OF_EACH).allMatch(name -> name.startsWith("b"));
    for (String stuck : names(old))
      assertThat(names(old.resolve(stuck))).hasSize(1).allMatch(name -> name.startsWith("nn"));
  }

  @Test
  void only_what_an_agent_has_made_is_pruned() throws Exception {
    Path all = Files.createDirectories(folder.resolve("releases"));
    for (String made : List.of(hex("a", 1), "." + hex("a", 2)))
      Files.createFile(Files.createDirectories(all.resolve(made)).resolve("f"));
    for (String made : List.of(hex("a", 1) + ".manifest", "." + hex("a", 2) + ".manifest"))
      Files.createFile(all.resolve(made));
    List<String> own = List.of("20240101", "notes.manifest", ".cache", hex("a", 3) + ".tar.gz", "0" + hex("a", 4));
    for (String name : own)
      Files.createFile(Files.createDirectories(all.resolve(name)).resolve("f"));
    new Releases(folder).prune();
    assertThat(names(all)).containsExactlyInAnyOrderElementsOf(own);
  }

  @Test
  void a_release_that_the_link_leads_into_is_not_pruned() throws Exception {
    Path inner = Files.createDirectories(folder.resolve("releases").resolve(hex("a", 1)).resolve("public"));
    Files.createSymbolicLink(folder.resolve("current"), folder.relativize(inner));
    new Releases(folder).prune();
    assertThat(inner).exists();
  }

  /// A step may be done twice: the agent was killed before it was recorded.
  @Test
  void the_link_that_was_there_goes_back_however_often_a_step_is_done() throws Exception {
    Path own = Path.of("releases", "20240101");
    Files.createDirectories(folder.resolve(own));
    Files.createSymbolicLink(folder.resolve("current"), own);
    var releases = new Releases(folder);
    var release = new Release("sha256:" + hex("a", 1), "1");
    for (int i = 0; i < 2; i++)
      releases.switchTo(release);
    assertThat(releases.isCurrent(release)).isTrue();
    for (int i = 0; i < 2; i++)
      releases.switchOff();
    assertThat(Files.readSymbolicLink(folder.resolve("current"))).isEqualTo(own);
    releases.forgetBefore();
    assertThat(names(folder)).containsExactlyInAnyOrder("current", "releases");
  }

  @Test
  void a_damaged_release_goes_out_of_the_way_also_where_something_in_it_cannot_be_deleted() throws Exception {
    byte[] bytes = Tarball.release("1", "exit 0", "exit 0").bytes();
    Path archive = Files.write(folder.resolve("1.tar.gz"), bytes);
    var release = new Release(Tarball.digest(bytes), "1");
    var releases = new Releases(folder);
    releases.unpack(release, archive, AgentConfig.Limits.DEFAULT);
    beyondReach(releases.path(release));
    Files.writeString(releases.path(release).resolve("VERSION"), "damaged");
    for (int i = 0; i < 2; i++)
      releases.unpack(release, archive, AgentConfig.Limits.DEFAULT);
    assertThat(releases.has(release)).isTrue();
    assertThat(releases.fault(release)).isEmpty();
    assertThat(names(folder.resolve("releases"))).containsExactlyInAnyOrder(release.hex(), release.hex() + ".manifest",
        "." + release.hex() + ".old");
    assertThatThrownBy(() -> releases.prune(release)).as("it is one that is old").hasMessageContaining("too long");
  }

  private static String hex(String digit, int number) { return digit.repeat(63) + number; }

  /// Puts so long a path together in it that nobody, not even root, can name its end.
  private void beyondReach(Path there) throws IOException {
    Path half = Path.of(("n".repeat(200) + "/").repeat(15));
    Path side = Files.createDirectories(folder.resolve("side").resolve(half));
    Path end = Files.createDirectories(there.resolve(half));
    Files.move(folder.resolve("side"), end.resolve("side"));
    assertThat(folder.relativize(side).toString().length() + end.toString().length()).isGreaterThan(4096);
  }

  private static List<String> names(Path there) throws IOException {
    try (Stream<Path> paths = Files.list(there)) {
      return paths.map(path -> path.getFileName().toString()).toList();
    }
  }
}
