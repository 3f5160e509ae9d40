package dev.sluice.standalone;

import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// A Chromium of this machine with one page, worked over its DevTools protocol by the JDK's own WebSocket: a driver library would bring 200 MB for five calls.
///
/// No build can fetch a browser where only Maven's repositories are reached; `.ci/run` installs Debian's. Without one, the tests are skipped and say so.
final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(200);
  private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome-stable", "google-chrome");
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private final Map<Integer, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();
  private final Process process;
  private final WebSocket socket;
  private int last;

  private Browser(Process process, URI page) {
    this.process = process;
    socket = HTTP.newWebSocketBuilder().buildAsync(page, new Listener()).orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  /// @param folder empty, for all that it writes
  static Browser start(Path folder) throws IOException, InterruptedException {
    var program = Stream.of(System.getenv("PATH").split(":")).flatMap(p -> NAMES.stream().map(name -> Path.of(p, name)))
        .filter(Files::isExecutable).findFirst();
    assumeThat(program).as("a Chromium on the PATH").isPresent();
    var builder = new ProcessBuilder(program.orElseThrow().toString(), "--headless", "--no-sandbox", "--disable-gpu",
        "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
        "--hide-scrollbars", "--remote-debugging-port=0", "--user-data-dir=" + folder.resolve("profile"), "about:blank")
        .redirectErrorStream(true).redirectOutput(folder.resolve("chromium.log").toFile());
    builder.environment().put("TMPDIR", Files.createDirectory(folder.resolve("tmp")).toString());
    var process = builder.start();
    try {
      var port = eventually(() -> firstLine(folder.resolve("profile/DevToolsActivePort")), "Chromium starts");
      var page = eventually(() -> page(port), "Chromium has a page");
      return new Browser(process, page);
    } catch (RuntimeException | Error e) {
      process.destroyForcibly().waitFor();
      throw e;
    }
  }

  private static Optional<String> firstLine(Path file) {
    try {
      return Files.readAllLines(file).stream().findFirst();
    } catch (IOException notYet) {
      return Optional.empty();
    }
  }

  private static Optional<URI> page(String port) {
    try {
      var answer = HTTP.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list")).build(),
          HttpResponse.BodyHandlers.ofString()).body();
      for (var target : Json.read(answer, JsonNode.class))
        if (target.path("type").asText().equals("page")) return Optional.of(URI.create(target.path("webSocketDebuggerUrl").asText()));
      return Optional.empty();
    } catch (IOException notYet) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  void open(URI address) { tell("Page.navigate", Map.of("url", address.toString())); }

  /// As a screen of this width, light or dark.
  void show(int width, int height, boolean dark) {
    tell("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    tell("Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
  }

  /// The value of an expression in the page.
  JsonNode eval(String expression) {
    var answer = tell("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    if (answer.has("exceptionDetails")) throw new AssertionError(expression + ": " + answer.path("exceptionDetails"));
    return answer.at("/result/value");
  }

  /// Blocks until an expression is true in the page.
  void until(String expression) {
    eventually(() -> eval("Boolean(" + expression + ")").asBoolean() ? Optional.of(true) : Optional.empty(),
        "in the page: " + expression);
  }

  /// Clicks on the element that an expression gives, once it is there, enabled, and nothing lies over it.
  void click(String element) {
    until("""
        (() => {
          const element = %s;
          if (!element || element.disabled) return false;
          element.scrollIntoView({block: "center"});
          const {left, top, width, height} = element.getBoundingClientRect();
          if (document.elementFromPoint(left + width / 2, top + height / 2) !== element) return false;
          element.click();
          return true;
        })()""".formatted(element));
  }

  void screenshot(Path file) throws IOException {
    Files.write(file,
        Base64.getDecoder()
            .decode(tell("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", false)).path("data").asText()));
  }

  private synchronized JsonNode tell(String method, Map<String, ?> parameters) {
    int id = ++last;
    var answer = new CompletableFuture<JsonNode>();
    asked.put(id, answer);
    socket.sendText(Json.text(Map.of("id", id, "method", method, "params", parameters)), true).join();
    var said = answer.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    if (said.has("error")) throw new AssertionError(method + ": " + said.path("error"));
    return said.path("result");
  }

  private static <T> T eventually(java.util.function.Supplier<Optional<T>> look, String what) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      var seen = look.get();
      if (seen.isPresent()) return seen.get();
      LockSupport.parkNanos(50_000_000);
    }
    throw new AssertionError("not within " + PATIENCE + ": " + what);
  }

  @Override
  public void close() throws InterruptedException {
    socket.sendText(Json.text(Map.of("id", 0, "method", "Browser.close")), true);
    var all = Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    if (!process.waitFor(10, TimeUnit.SECONDS)) all.forEach(ProcessHandle::destroyForcibly);
    for (var one : all)
      one.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    socket.abort();
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean whole) {
      text.append(part);
      if (whole) {
        var message = Json.read(text.toString(), JsonNode.class);
        text.setLength(0);
        var waiting = asked.remove(message.path("id").asInt());
        if (waiting != null) waiting.complete(message);
      }
      socket.request(1);
      return null;
    }
  }
}
