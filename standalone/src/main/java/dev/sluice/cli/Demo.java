package dev.sluice.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The newcomer's first minute.
@Command(name = "demo", description = "See it all in a minute: a fleet of "
    + Story.INSTANCES + " agents, an upgrade, a broken one, and the way back. Leaves nothing behind.")
final class Demo implements Callable<Integer> {
  @Option(names = "--yes", order = 1, description = "ask nothing, run through, and end")
  private boolean yes;

  @Option(names = "--port", paramLabel = "P", order = 2, defaultValue = "8080", description = "the gateway's port; the services take the four after it. Where they are busy, the next free block is taken (default: 8080)")
  private int port;

  @Option(names = "--data", paramLabel = "DIR", order = 3, description = "keep all data here (default: a folder that is removed at the end)")
  private Path data;

  @Spec
  private CommandSpec spec;

  private final CountDownLatch told = new CountDownLatch(1);
  private volatile DemoWorld world;

  @Override
  public Integer call() throws Exception {
    if (port < 1 || port > Ports.LAST_BASE) throw new Failure.Usage("--port must be from 1 to " + Ports.LAST_BASE);
    var screen = Sluice.screen(spec.commandLine());
    screen.line(screen.bold("Sluice demo") + " on JDK " + Runtime.version() + " (" + System.getProperty("java.home") + ")");
    screen.line("It starts PostgreSQL, Kafka, the five services and " + Story.INSTANCES
        + " agents here; nothing is installed.");
    var folder = data != null ? fresh(data) : temporary();
    var log = LogFile.in(folder);
    var hook = new Thread(() -> endEarly(screen, folder), "demo-end");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      tell(screen, folder);
      Runtime.getRuntime().removeShutdownHook(hook);
      end(folder);
      return Failure.DONE;
    } catch (RuntimeException | IOException failure) {
      if (Ending.begun()) throw failure;
      screen.note("The log is kept in " + log.path());
      data = folder;
      throw failure instanceof FileSystemException e ? CannotStart.unwritable(folder, e) : failure;
    } finally {
      told.countDown();
    }
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("sluice-demo-");
    } catch (IOException e) {
      throw CannotStart.unwritable(Path.of(System.getProperty("java.io.tmpdir")), e);
    }
  }

  /// The story begins with an empty fleet.
  private static Path fresh(Path folder) {
    try {
      Files.createDirectories(folder);
      try (var there = Files.list(folder)) {
        if (there.findAny().isEmpty()) return folder;
      }
    } catch (IOException e) {
      throw new Failure.Usage("--data " + folder + " cannot be used: " + Text.why(e));
    }
    throw new Failure.Usage("--data " + folder + " holds something already; take a new folder, or go on with what a demo left there by `"
        + Sluice.self() + " up --data " + Sluice.quoted(folder.toString()) + "`");
  }

  private void tell(Screen screen, Path folder) throws IOException, InterruptedException {
    var steps = new Steps(screen);
    int base = Ports.next(port);
    if (base != port)
      screen.line(screen.yellow("A " + Ports.trouble(port) + "; this uses " + base + " to "
          + (base + Ports.BLOCK - 1) + "."));
    screen.line("");
    world = Launcher.load().world(folder, base, steps::done);
    Tokens.ofUser().keep(world.gateway(), world.token());
    screen.line("");
    screen.line("Sluice is at " + screen.cyan(world.gateway() + "/app/") + " after " + Text.duration(steps.seconds()));
    var in = new BufferedReader(
        new InputStreamReader(System.in, System.getProperty("stdin.encoding") == null ? "UTF-8" : System.getProperty("stdin.encoding")));
    var story = new Story(api(screen), screen, new Answers(in, screen, yes));
    var work = Files.createDirectories(folder.resolve("builds"));
    steps.begin();
    story.fleet(world, work, steps);
    if (story.upgrade()) story.breakIt(work);
    screen.line("");
    if (yes) screen.line("That was it, in " + Text.duration(steps.seconds()) + ". Run it without --yes to decide for yourself.");
    else
      stay(screen);
  }

  private Api api(Screen screen) { return new Api(world.gateway(), world.token(), "demo", why -> screen.line("  " + why)); }

  private void stay(Screen screen) throws InterruptedException {
    var api = api(screen);
    screen.line("It stays up until Ctrl-C. Try next, in another terminal:");
    for (var next : List.of("rollouts list", "plan --module nginx --target 1.24.0 --batch-pct 50", "events --follow"))
      screen.line("  " + api.again(next));
    new CountDownLatch(1).await();
  }

  /// Told to end. A world that still starts ends by itself; only then can its folder go.
  private void endEarly(Screen screen, Path folder) {
    screen.line("");
    screen.line("Ending ...");
    try {
      if (world == null && !told.await(1, TimeUnit.MINUTES)) return;
      end(folder);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void end(Path folder) {
    if (world != null) world.close();
    if (data != null || !Files.exists(folder)) return;
    if (world != null) Tokens.ofUser().forget(world.gateway());
    try (var all = Files.walk(folder)) {
      for (var path : all.sorted(Comparator.reverseOrder()).toList())
        Files.deleteIfExists(path);
    } catch (IOException e) {
      spec.commandLine().getErr().println("The folder " + folder + " could not be removed whole: " + Text.why(e));
    }
  }
}
