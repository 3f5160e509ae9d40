package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./sluice` in a folder with a space, with a JDK that only says how it was started and a Maven that only says that it was.
class ScriptTest {
  @TempDir
  private Path folder;
  private Path home;
  private Path jdk;

  private record Run(int code, String out, String err) {}

  @BeforeEach
  void layOut() throws IOException {
    home = Files.createDirectories(folder.resolve("a folder"));
    Files.copy(Path.of("..", "sluice"), home.resolve("sluice"));
    Files.createDirectories(home.resolve("standalone/src/main"));
    Files.writeString(home.resolve("pom.xml"), "");
    Files.writeString(home.resolve("standalone/pom.xml"), "");
    maven("mkdir -p standalone/target/lib && touch standalone/target/standalone-1.jar standalone/target/lib/b.jar && echo built >> built");
    jdk = jdk("jdk-25", "25.0.3");
  }

  @Test
  void it_builds_what_is_missing_and_only_that_and_becomes_the_program() throws Exception {
    var first = sluice("modules", "publish", "a name");
    assertThat(first.code()).describedAs(first.err()).isZero();
    assertThat(first.out().lines()).contains("-cp", home + "/standalone/target/standalone-1.jar:" + home + "/standalone/target/lib/b.jar")
        .endsWith("dev.sluice.cli.Sluice", "modules", "publish", "a name");
    assertThat(first.err()).contains("JDK 25.0.3").contains("Building Sluice (first run takes a minute or two) ...");
    assertThat(sluice("demo").err()).isEmpty();
    assertThat(home.resolve("built")).hasContent("built");
    var source = Files.writeString(home.resolve("standalone/src/main/New.java"), "");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));
    assertThat(sluice("demo").err()).contains("Building Sluice");
    assertThat(home.resolve("built")).hasContent("built\nbuilt");
  }

  @Test
  void a_build_that_fails_names_the_file_with_all_that_was_said() throws Exception {
    maven("echo '[ERROR] no such thing'; exit 1");
    var run = sluice("demo");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("[ERROR] no such thing").contains(home + "/standalone/target/sluice-build.log");
  }

  @Test
  void a_client_starts_light_and_the_services_start_as_servers() throws Exception {
    assertThat(sluice("drift").out()).contains("-XX:TieredStopAtLevel=1").contains("-Dsluice.terminal=false");
    assertThat(sluice("up", "--data", "x").out()).doesNotContain("-XX:TieredStopAtLevel=1").contains("--add-opens");
  }

  @Test
  void home_is_where_the_environment_says() throws Exception {
    var run = execute(Map.of("SLUICE_JAVA_HOME", jdk.toString(), "HOME", "/some where"), "drift");
    assertThat(run.out().lines()).contains("-Duser.home=/some where");
  }

  @Test
  void a_jdk_that_is_named_must_fit() throws Exception {
    var run = execute(Map.of("SLUICE_JAVA_HOME", jdk("jdk-17", "17.0.15").toString()), "demo");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err().lines()).singleElement().asString().contains("no JDK 25 or later");
  }

  @Test
  void where_no_jdk_fits_one_line_says_how_to_get_one() throws Exception {
    var run = execute(Map.of("JAVA_HOME", jdk("jdk-17", "17.0.15").toString(), "PATH", nowhere(folder.resolve("none"))), "demo");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err().lines()).singleElement().asString().contains("needs a JDK 25 or later and found only 17.0.15 in " + folder,
        "https://adoptium.net/temurin/releases/?version=25", "set JAVA_HOME to it");
    assertThat(home.resolve("built")).doesNotExist();
  }

  @Test
  void started_by_an_older_java_it_takes_the_jdk_that_fits_from_where_they_usually_are() throws Exception {
    var run = execute(Map.of("JAVA_HOME", jdk("jdk-17", "17.0.15").toString(), "PATH", nowhere(folder)), "demo");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).contains("JDK 25.0.3 (" + jdk + ")");
  }

  /// Lets the script look for JDKs in one folder only.
  ///
  /// @return a PATH whose `java` is no JDK's
  private String nowhere(Path usual) throws IOException {
    var script = Files.readString(home.resolve("sluice"));
    var places = "for candidate in /usr/lib/jvm/[^;]*; do";
    assertThat(script).containsPattern(places);
    Files.writeString(home.resolve("sluice"), script.replaceFirst(places, "for candidate in '" + usual + "'/*; do"));
    program(Files.createDirectories(folder.resolve("bin")).resolve("java"), "exit 1");
    return folder.resolve("bin") + ":" + System.getenv("PATH");
  }

  private Run sluice(String... arguments) throws Exception { return execute(Map.of("SLUICE_JAVA_HOME", jdk.toString()), arguments); }

  private Run execute(Map<String, String> environment, String... arguments) throws Exception {
    var command = new ArrayList<>(List.of(home.resolve("sluice").toString()));
    command.addAll(List.of(arguments));
    var out = folder.resolve("out");
    var err = folder.resolve("err");
    var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().putAll(environment);
    var process = builder.start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Run(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
  }

  private Path jdk(String name, String version) throws IOException {
    var jdk = Files.createDirectories(folder.resolve(name));
    Files.createDirectories(jdk.resolve("bin"));
    Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
    program(jdk.resolve("bin/java"), "printf '%s\\n' \"$@\"");
    program(jdk.resolve("bin/javac"), "exit 1");
    return jdk;
  }

  private void maven(String lines) throws IOException { program(home.resolve("mvnw"), lines); }

  private static void program(Path file, String lines) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + lines + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
