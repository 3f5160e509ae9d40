package dev.sluice.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Runs a simulated fleet against a server.
@Command(name = "fleet", description = "Run a simulated fleet until Ctrl-C: up to 500 real agents; more only speak the protocol.")
final class FleetCommand implements Callable<Integer> {
  @Option(names = "--instances", paramLabel = "N", required = true, description = "how many")
  private int instances;

  @Option(names = "--template", paramLabel = "ID", description = "the template they enrol under; may be left out where there is only one")
  private String template;

  @Option(names = "--module", paramLabel = "ID", description = "a module they run, may be repeated; else all of the template")
  private List<String> modules = List.of();

  @Option(names = "--data", paramLabel = "DIR", defaultValue = "data/fleet", description = "the agents' folders (default: data/fleet)")
  private Path data;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "chooses who gets a fault (default: 1)")
  private long seed;

  @Option(names = "--silent", paramLabel = "N", defaultValue = "0", description = "how many have their connection cut (default: 0)")
  private int silent;

  @Option(names = "--slow", paramLabel = "N", defaultValue = "0", description = "how many take long to apply (default: 0)")
  private int slow;

  @Option(names = "--flapping", paramLabel = "N", defaultValue = "0", description = "how many lose and find their connection again and again (default: 0)")
  private int flapping;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() throws InterruptedException {
    if (instances < 1) throw new Failure.Usage("--instances must be at least 1");
    if (Math.min(Math.min(silent, slow), flapping) < 0 || (long) silent + slow + flapping > instances)
      throw new Failure.Usage("--silent, --slow and --flapping must not be negative and add up to " + instances + " at most");
    var names = new Names(remote.api());
    var found = names.template(template);
    var ids = modules.isEmpty()
        ? Names.stream(found.path("modules")).map(assigned -> Text.of(assigned, "module_id")).toList()
        : modules.stream().map(module -> Text.of(names.module(module), "id")).toList();
    if (ids.isEmpty())
      throw new Failure.Usage("template " + Text.of(found, "id")
          + " has no module; give it one by `" + remote.again("templates set " + Text.of(found, "id") + " MODULE=VERSION")
          + "`, or name one by --module");
    return Launcher.load().fleet(new FleetOptions(remote.server(), remote.token(), instances, Text.of(found, "id"), ids,
        data.toAbsolutePath().normalize(), seed, silent, slow, flapping), remote.screen()::note);
  }
}
