package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Tests leave no folders behind: they make them by JUnit's `@TempDir`, which removes them, or remove them as the shared world does.
class LeftoversTest {
  private static final List<String> REMOVED = List.of("Spaced.java", "SharedWorld.java");

  @Test
  void tests_make_their_folders_where_they_are_removed() throws IOException {
    for (var module : List.of("agent", "standalone"))
      try (var files = Files.walk(Path.of("..", module, "src", "test", "java"))) {
        for (var file : files.filter(f -> f.toString().endsWith(".java") && !REMOVED.contains(f.getFileName().toString())).toList())
          assertThat(Files.readString(file)).as(file.toString()).doesNotContain("createTemp" + "Directory(");
      }
  }
}
