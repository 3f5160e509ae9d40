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
      Files.createFile(Files.createDirectories(old.resolve("plain" + i)).resolve("f"));
      Path stuck = Files.createDirectories(old.resolve("stuck" + i));
      for (int j = 0; j < OF_EACH; j++)
        Files.createFile(stuck.resolve("f" + j));
      beyondReach(stuck);
    }
    assertThatThrownBy(() -> new Releases(folder).prune()).isInstanceOf(FileSystemException.class).hasMessageContaining("too long");
    assertThat(names(old)).hasSize(OF_EACH).allMatch(name -> name.startsWith("stuck"));
    for (String stuck : names(old))
      assertThat(names(old.resolve(stuck))).hasSize(1).allMatch(name -> name.startsWith("nn"));
  }

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
