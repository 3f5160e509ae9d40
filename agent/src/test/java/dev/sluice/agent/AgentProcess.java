package dev.sluice.agent;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// The agent as hosts run it: a process of its own.
final class AgentProcess implements AutoCloseable {
  /// As `agent/README.md` tells operators to start it.
  static final List<String> FLAGS = List.of("-Xmx24m", "-Xss256k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
      "-XX:ReservedCodeCacheSize=16m", "-XX:MaxDirectMemorySize=8m");
  private final Process process;
  private final Path output;

  /// @param java  the program
  /// @param start the main class with its class path, or `-jar FILE`
  AgentProcess(Path java, List<String> options, List<String> start, Path config) throws IOException {
    List<String> command = new ArrayList<>(List.of(java.toString()));
    command.addAll(FLAGS);
    command.addAll(options);
    command.addAll(start);
    command.addAll(List.of("--config", config.toString()));
    output = config.resolveSibling("output");
    process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
  }

  static AgentProcess ofClasses(Path config, String... options) throws IOException {
    return new AgentProcess(ownJava(), List.of(options), List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()),
        config);
  }

  static Path ownJava() { return Path.of(System.getProperty("java.home"), "bin", "java"); }

  /// The Java of the tests, and the one on the path where that is another: the build may have been started by an older one.
  static Stream<Path> javas() throws IOException {
    List<Path> javas = new ArrayList<>(List.of(ownJava().toRealPath()));
    for (String folder : System.getenv("PATH").split(":"))
      if (Files.isExecutable(Path.of(folder, "java"))) javas.add(Path.of(folder, "java").toRealPath());
    return javas.stream().distinct();
  }

  /// A configuration beside [Host]'s, for the same state and module.
  static Path config(Path folder, URI server) throws IOException {
    return Files.writeString(folder.resolve("agent.yaml"), """
        server: %s
        state_dir: state
        enroll: {template_id: edge, id: i1, token: enroller}
        health_interval_sec: 1
        long_poll: false
        modules:
          nginx: {dir: nginx, apply: [./bin/apply], health: [./bin/health]}
        """.formatted(server));
  }

  int exitCode() throws InterruptedException, TimeoutException {
    if (!process.waitFor(100, TimeUnit.SECONDS)) throw new TimeoutException("the agent does not end");
    return process.exitValue();
  }

  String output() throws IOException { return Files.readString(output); }

  long pid() { return process.pid(); }

  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
