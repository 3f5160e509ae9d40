package dev.sluice.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Starts everything on this machine, until it is told to end.
@Command(name = "up", description = "Start everything on this machine: PostgreSQL, Kafka and the five services, in one process. Ends on Ctrl-C or SIGTERM; starts again on the same data.")
final class Up implements Callable<Integer> {
  @Option(names = "--data", paramLabel = "DIR", required = true, description = "the folder for all data, made where it is missing")
  private Path data;

  @Option(names = "--port", paramLabel = "P", defaultValue = "8080", description = "the gateway's port; the services take the four after it (default: 8080)")
  private int port;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    if (port < 1 || port > Ports.LAST_BASE) throw new Failure.Usage("--port must be from 1 to " + Ports.LAST_BASE);
    var screen = Sluice.screen(spec.commandLine());
    if (!Ports.free(port))
      throw new CannotStart("a " + Ports.trouble(port) + "; stop what uses it, or choose another block by --port");
    var log = LogFile.in(data);
    screen.line("Sluice starts in " + data.toAbsolutePath().normalize() + "; its log is " + log.path());
    var steps = new Steps(screen);
    var world = Launcher.load().world(data, port, steps::done);
    boolean kept = Tokens.ofUser().keep(world.gateway(), world.token());
    var token = data.toAbsolutePath().normalize().resolve("admin-token");
    screen.line("Ready at " + world.gateway() + " (pages: " + world.gateway() + "/app/, token: " + token + ")");
    if (!kept) screen.line("Your home folder cannot be written to: give the commands --token-file " + token);
    screen.line("Ctrl-C ends it; the data stays.");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> screen.line("Ending ..."), "up-end"));
    new CountDownLatch(1).await();
    return Failure.DONE;
  }
}
