package dev.sluice.cli;

import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/// Starts the things that live longer than a command. Found by `META-INF/services/dev.sluice.cli.Launcher`, so that a client command
/// loads nothing of it.
public interface Launcher {
  /// Starts everything in this process: PostgreSQL, Kafka and the five services, on loopback, with the gateway on `port` and the services on the
  /// four ports after it. Blocks until `/readyz` answers. Writes the bearer token to `data/admin-token`. Starts again on data that was left by a kill.
  /// When the JVM is told to end, meanwhile or later, all that was started is ended by a shutdown hook of its own.
  ///
  /// @param data  the folder for all data; made where it is missing
  /// @param port  the first of five free ports
  /// @param ready told after each step, for people: "PostgreSQL 18.6 is ready"
  /// @throws CannotStart where it cannot start and a person can mend it
  DemoWorld world(Path data, int port, Consumer<String> ready) throws InterruptedException;

  /// Runs one service until the process is told to end; configured by the environment.
  ///
  /// @param service for example `planner-service`
  /// @return the exit code
  int run(String service) throws InterruptedException;

  /// Runs the agent of this host until the process is told to end.
  ///
  /// @return the exit code
  int agent(Path config) throws InterruptedException;

  /// Runs a simulated fleet until the process is told to end.
  ///
  /// @param note told what a person should know, a line at a time
  /// @return the exit code
  int fleet(FleetOptions options, Consumer<String> note) throws InterruptedException;

  /// The launcher on the class path.
  static Launcher load() {
    return ServiceLoader.load(Launcher.class).findFirst()
        .orElseThrow(() -> new CannotStart("this build has no launcher; start Sluice by ./sluice"));
  }
}
