package dev.sluice.bench;

import dev.sluice.cli.Bench;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.standalone.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Comparator;

/// `./sluice bench heartbeats` and `./sluice bench rollout`: each starts a world of its own in a temporary folder and prints its figures beside their ceilings.
public final class Benchmarks implements Bench {
  private static final int PORT = 18_080;

  @Override
  public int run(List<String> arguments) throws Exception {
    var name = arguments.isEmpty() ? "" : arguments.getFirst();
    int instances = arguments.size() > 1 ? Integer.parseInt(arguments.get(1)) : 10_000;
    if (!List.of("heartbeats", "rollout").contains(name)) {
      System.err.println("bench takes heartbeats or rollout, and how many instances (10000)");
      return 2;
    }
    var out = System.out;
    var folder = Files.createTempDirectory("sluice-bench");
    try (var world = World.start(folder, PORT, Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "300"), out::println)) {
      if (name.equals("heartbeats")) {
        var heartbeats = new Heartbeats(out);
        heartbeats.run(world, PORT + 4, instances);
        try (var ceiling = Sandbox.open(folder.resolve("ceiling"))) {
          heartbeats.rows(ceiling.superuser());
        }
      } else {
        try (var rollouts = new Rollouts(out, world, PORT + 4, instances)) {
          rollouts.run();
        }
      }
    } finally {
      delete(folder);
    }
    return 0;
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList())
        Files.deleteIfExists(file);
    }
  }
}
