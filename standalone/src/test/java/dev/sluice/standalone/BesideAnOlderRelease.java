package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Spaced;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The jars of an older release run beside today's on one database, and are replaced process by process while rollouts go on. Not part of the build: it builds that
/// release first. `-Dolder=` names it, as git does; else it is the last tag.
class BesideAnOlderRelease {
  private static final int AGENTS = 10;
  @TempDir(factory = Spaced.class)
  private static Path folder;

  @Test
  @Timeout(1_800)
  void its_processes_are_replaced_one_by_one_while_rollouts_go_on() throws Exception {
    var older = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", built(System.getProperty("older", "")));
    try (var sluice = new Installation(folder, Installation.TWO_OF_EACH, null, Map.of(), older);
        var f = Fixture.fleet(new Api(sluice.origin(), "anna").patient(), folder, "beside", AGENTS)) {
      var replaced = CompletableFuture.runAsync(() -> sluice.names().forEach(name -> {
        System.out.println("replacing " + name);
        sluice.process(name).from(List.of()).kill();
        sluice.awaitReady();
      }), task -> Thread.ofPlatform().daemon().start(task));
      var versions = List.of("1.26.0", "1.24.0");
      for (int i = 0; i < 2 || !replaced.isDone(); i++) {
        var rollout = f.startWhenFree(versions.get(i % 2), Map.of("batch_pct", 20));
        assertThat(f.untilState(rollout, "completed", "awaiting_decision").path("state").asText()).isEqualTo("completed");
      }
      replaced.join();
      var broken = f.startWhenFree("1.26.0-broken", Map.of("batch_pct", 50));
      f.untilState(broken, "awaiting_decision");
      f.decide(broken, "rollback_completed_batches");
      f.untilState(broken, "rolled_back");
      f.awaitFleet(AGENTS);
      f.breaksNothing();
    }
  }

  private static String built(String older) throws Exception {
    var here = Path.of("").toAbsolutePath().getParent();
    var there = folder.resolve("older");
    run(here, "git", "clone", "-q", here.toString(), there.toString());
    var release = older.isEmpty() ? run(here, "git", "describe", "--tags", "--abbrev=0").strip() : older;
    run(there, "git", "checkout", "-q", run(here, "git", "rev-parse", release).strip());
    run(there, "./mvnw", "-B", "-q", "-DskipTests", "package");
    var target = there.resolve("standalone").resolve("target");
    try (var own = Files.list(target); var libraries = Files.list(target.resolve("lib"))) {
      return Stream.concat(own.filter(f -> f.getFileName().toString().matches("standalone-.*[.]jar")), libraries).map(Path::toString)
          .collect(Collectors.joining(File.pathSeparator));
    }
  }

  private static String run(Path in, String... command) throws Exception {
    var process = new ProcessBuilder(command).directory(in.toFile()).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) throw new AssertionError(String.join(" ", command) + ": " + said);
    return said;
  }
}
