package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./mvnw` of this very clone, as far as the choice of the JDK goes. It may have to fetch what only an older Java needs.
class BuildTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  @TempDir
  private Path folder;

  @Test
  void it_starts_under_java_17_and_builds_with_25() throws Exception {
    var old = java17();
    assumeTrue(old != null, "there is no Java 17 here");
    assertThat(mvnw(old, "--show-version", "validate", "-N")).contains("Java version: 17", "Selected JDK toolchain: JDK[", "BUILD SUCCESS")
        .doesNotContain("Selected JDK toolchain: JDK[" + old);
  }

  @Test
  void where_no_jdk_fits_the_first_error_says_how_to_get_one() throws Exception {
    var old = java17();
    assumeTrue(old != null, "there is no Java 17 here");
    assertThat(mvnw(old, "validate", "-N", "-Djdk.needed=[99,)").lines()
        .filter(line -> line.startsWith("[ERROR]")).findFirst()).get().asString()
        .contains("needs a JDK 25 or later: https://adoptium.net/temurin/releases/?version=25");
  }

  private String mvnw(Path java, String... goals) throws Exception {
    var command = new ArrayList<>(List.of(ROOT.resolve("mvnw").toString(), "-B", "-f", ROOT.resolve("pom.xml").toString()));
    command.addAll(List.of(goals));
    var out = Files.createTempFile(folder, "out", "");
    var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(out.toFile());
    builder.environment().putAll(Map.of("JAVA_HOME", java.toString()));
    builder.environment().remove("MAVEN_OPTS");
    builder.start().waitFor();
    return Files.readString(out);
  }

  private static Path java17() throws IOException {
    var places = Path.of("/usr/lib/jvm");
    if (!Files.isDirectory(places)) return null;
    try (var all = Files.list(places)) {
      return all.filter(jdk -> {
        try {
          return Files.readString(jdk.resolve("release")).contains("JAVA_VERSION=\"17");
        } catch (IOException none) {
          return false;
        }
      }).findFirst().orElse(null);
    }
  }
}
