package dev.sluice.standalone;

import dev.sluice.cli.Sluice;
import dev.sluice.sandbox.Ports;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What lets a process of tests start with half of the processor time: this class path as jars, and a cache of its linked classes, trained by one life of the whole.
/// Made once for each JVM of tests.
final class LinkedClasses {
  private static final int PATIENCE_MIN = 8;
  private static List<String> made;

  private LinkedClasses() {}

  /// Options of a JVM, the class path among them.
  ///
  /// @param flags what else every process is started with: the cache is for these alone
  static synchronized List<String> options(List<String> flags) {
    if (made == null) made = make(flags);
    return made;
  }

  private static List<String> make(List<String> flags) {
    try {
      var folder = Path.of("target", "linked-classes").toAbsolutePath();
      delete(folder);
      Files.createDirectories(folder);
      var path = List.of("-cp", jars(folder));
      var cache = folder.resolve("cache");
      var training = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
      training.addAll(flags);
      training.add("-XX:AOTCacheOutput=" + cache);
      training.addAll(path);
      training.addAll(List.of(LinkedClasses.class.getName(), folder.resolve("world").toString(), Integer.toString(Ports.block(10)),
          Integer.toString(Ports.block(10))));
      var process = new ProcessBuilder(training).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
      if (!process.waitFor(PATIENCE_MIN, TimeUnit.MINUTES)) process.destroyForcibly();
      if (!Files.exists(cache)) throw new AssertionError("no cache was made: " + Files.readString(folder.resolve("log")));
      return Stream.concat(Stream.of("-Xlog:disable", "-XX:AOTCache=" + cache), path.stream()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// The cache takes no folders of classes.
  private static String jars(Path folder) {
    var jar = ToolProvider.findFirst("jar").orElseThrow();
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).filter(entry -> Files.exists(Path.of(entry)))
        .map(entry -> {
          if (!Files.isDirectory(Path.of(entry))) return entry;
          var made = folder.resolve(Integer.toHexString(entry.hashCode()) + ".jar").toString();
          if (jar.run(System.out, System.err, "--create", "--no-compress", "--file", made, "-C", entry, ".") != 0)
            throw new AssertionError(entry);
          return made;
        }).collect(Collectors.joining(File.pathSeparator));
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) return;
    try (var all = Files.walk(folder)) {
      for (var one : all.sorted(Comparator.reverseOrder()).toList())
        Files.delete(one);
    }
  }

  /// One life: all services until they are ready, and a cluster.
  ///
  /// @param args a folder for the data, a port of ten, a port of the cluster
  public static void main(String... args) throws Exception {
    int cluster = Integer.parseInt(args[2]);
    dev.sluice.chassis.Node.clustered(new dev.sluice.chassis.Node.Place("127.0.0.1", cluster), List.of("127.0.0.1:" + cluster)).close();
    Thread.ofPlatform().daemon().start(() -> Sluice.main("up", "--data", args[0], "--port", args[1]));
    var ready = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + args[1] + "/readyz")).build();
    try (var http = HttpClient.newHttpClient()) {
      while (!answers(http, ready))
        LockSupport.parkNanos(100_000_000);
    }
    System.exit(0);
  }

  private static boolean answers(HttpClient http, HttpRequest request) throws InterruptedException {
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }
}
