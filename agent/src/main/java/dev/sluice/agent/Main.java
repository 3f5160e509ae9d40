package dev.sluice.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/// `java -jar sluice-agent.jar --config FILE`. Ends with 1 when the server dismisses the agent, with 2 on wrong usage or configuration;
/// otherwise it works until it is told to end.
public final class Main {
  private static final int WORKERS = 4;

  private Main() {}

  public static void main(String[] arguments) {
    if (arguments.length != 2 || !arguments[0].equals("--config")) {
      System.err.println("usage: java -jar sluice-agent.jar --config FILE");
      System.exit(2);
    }
    Locale.setDefault(Locale.ROOT); // numbers that the server reads
    if (System.getProperty("jdk.httpclient.keepalive.timeout") == null) System.setProperty("jdk.httpclient.keepalive.timeout", "20");
    System.exit(run(Path.of(arguments[1])));
  }

  private static int run(Path file) {
    AgentConfig config;
    try {
      config = ConfigFile.read(file);
    } catch (ConfigException e) {
      System.err.println(e.getMessage());
      return 2;
    }
    try (var runtime = new AgentRuntime(WORKERS, Main::log); Agent agent = Agent.start(config, runtime)) {
      Runtime.getRuntime().addShutdownHook(new Thread(agent::close, "agent-end"));
      log("agent for " + config.server() + " with modules " + String.join(", ", config.modules().keySet()));
      System.err.println("stopped: " + agent.stopped().join());
      return 1;
    } catch (ConfigException e) {
      System.err.println(e.getMessage());
      return 2;
    } catch (IOException e) {
      System.err.println("cannot start: " + e);
      return 2;
    }
  }

  private static void log(String line) { System.out.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + line); }
}
