package dev.sluice.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;

/// A real HTTP server that answers what it was told to, and remembers what it was asked.
final class TinyServer implements AutoCloseable {
  /// @param path with the query
  record Asked(String method, String path, Map<String, List<String>> headers, String body) {
    String header(String name) { return headers.getOrDefault(name, List.of("")).getFirst(); }
  }

  private record Said(int status, String body, Map<String, String> headers) {
    /// Comes never.
    static final Said HELD = new Said(0, null, Map.of());
    /// Begins, and has no end.
    static final Said BEGUN = new Said(200, null, Map.of());
  }

  private final HttpServer server;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Map<String, Deque<Said>> answers = new ConcurrentHashMap<>();
  private final List<Asked> asked = new CopyOnWriteArrayList<>();
  private volatile Function<String, String> otherwise;

  TinyServer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    server.createContext("/", this::handle);
    server.start();
  }

  URI uri() { return URI.create("http://127.0.0.1:" + server.getAddress().getPort()); }

  /// Answers a method and path (without query); several answers go one after the other, the last one stays.
  TinyServer on(String call, int status, String body) {
    return on(call, new Said(status, body, Map.of()));
  }

  TinyServer on(String call, String body) { return on(call, 200, body); }

  /// Sends everyone elsewhere, as a proxy does, without a word.
  TinyServer redirects(String call, int status, String location) { return on(call, new Said(status, "", Map.of("Location", location))); }

  /// Says that a part is away, and may be there again in a second.
  TinyServer away(String call, String detail) {
    return on(call, new Said(503, "{\"status\": 503, \"detail\": \"" + detail + "\"}", Map.of("Retry-After", "1")));
  }

  /// Answers nothing for as long as it lives.
  TinyServer holds(String call) { return on(call, Said.HELD); }

  /// Answers without an end.
  TinyServer begins(String call) { return on(call, Said.BEGUN); }

  private TinyServer on(String call, Said said) {
    answers.computeIfAbsent(call, _ -> new ArrayDeque<>()).add(said);
    return this;
  }

  /// Answers what nothing was said of, by its path with the query.
  TinyServer otherwise(Function<String, String> answers) {
    otherwise = answers;
    return this;
  }

  List<Asked> asked() { return asked; }

  /// The requests with a method.
  List<Asked> asked(String method) { return asked.stream().filter(request -> request.method().equals(method)).toList(); }

  private synchronized void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      asked
          .add(new Asked(exchange.getRequestMethod(), exchange.getRequestURI().toString(), Map.copyOf(exchange.getRequestHeaders()), body));
      var queue = answers.get(exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath());
      var said = queue == null
          ? otherwise != null
              ? new Said(200, otherwise.apply(exchange.getRequestURI().toString()), Map.of())
              : new Said(404, "{\"status\": 404, \"detail\": \"there is no " + exchange.getRequestURI().getPath() + "\"}", Map.of())
          : queue.size() > 1 ? queue.remove() : queue.element();
      if (said.body() == null) {
        hold(exchange, said);
        return;
      }
      var bytes = said.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", said.status() < 400 ? "application/json" : "application/problem+json");
      said.headers().forEach(exchange.getResponseHeaders()::set);
      exchange.sendResponseHeaders(said.status(), bytes.length == 0 ? -1 : bytes.length);
      if (bytes.length > 0) exchange.getResponseBody().write(bytes);
    }
  }

  private void hold(HttpExchange exchange, Said said) throws IOException {
    if (said == Said.BEGUN) {
      exchange.sendResponseHeaders(said.status(), 0);
      exchange.getResponseBody().write(' ');
      exchange.getResponseBody().flush();
    }
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
  }
}
