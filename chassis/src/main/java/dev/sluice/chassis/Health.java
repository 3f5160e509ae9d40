package dev.sluice.chassis;

import dev.sluice.contract.Words;
import dev.sluice.contract.Ask;
import io.vertx.core.AsyncResult;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// `/healthz`, `/readyz`, `/metrics` and the OpenAPI document: what machines ask, without credentials. Ready means that every check passes; the answer names what does not.
public final class Health {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration PEER = Duration.ofSeconds(1);
  private final Chassis chassis;
  private final Map<String, Callable<Boolean>> checks = new LinkedHashMap<>();
  private final Map<String, Callable<Boolean>> peers = new LinkedHashMap<>();
  private io.vertx.core.Future<Map<String, String>> underWay;

  Health(Chassis chassis) {
    this.chassis = chassis;
  }

  /// Adds a check; a failure or `false` means that the part is away. Runs on a virtual thread.
  public Health check(String part, Callable<Boolean> check) {
    checks.put(part, check);
    return this;
  }

  /// Adds a service that this one asks. Only `/readyz` tells of it: if it counted among what a service stands on, services would ask each other in a circle.
  void peer(Ask.Service service) {
    peers.put(Words.of(service) + "-service", () -> chassis.asks().askTwice(new Ask.AreYouReady(service), PEER) != null);
  }

  /// The parts that are away, each with what is wrong; empty if the service is ready. All are asked at once, so that one that hangs holds up no other.
  public Map<String, String> away() { return away(checks); }

  private Map<String, String> awayWithPeers() {
    var all = new LinkedHashMap<>(checks);
    all.putAll(peers);
    return away(all);
  }

  private Map<String, String> away(Map<String, Callable<Boolean>> parts) {
    var asked = new LinkedHashMap<String, Future<Boolean>>();
    parts.forEach((part, check) -> asked.put(part, chassis.threads().submit(check)));
    long end = System.nanoTime() + LIMIT.toNanos();
    var away = new LinkedHashMap<String, String>();
    asked.forEach((part, answer) -> {
      try {
        if (!answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS)) away.put(part, "not yet");
      } catch (ExecutionException e) {
        away.put(part, String.valueOf(e.getCause().getMessage()));
      } catch (TimeoutException e) {
        answer.cancel(true);
        away.put(part, "does not answer within " + LIMIT.toSeconds() + " s");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        away.put(part, "not asked");
      }
    });
    return away;
  }

  void routes(Router router, OpenApi document) {
    router.get("/healthz")
        .handler(context -> Http.send(context, Answer.ok(Map.of("status", "alive", "service", chassis.config().service()))));
    router.get("/metrics").handler(
        context -> context.response().putHeader("Content-Type", "text/plain; version=0.0.4").end(chassis.node().metrics().scrape()));
    router.get("/openapi.yaml").handler(context -> context.response().putHeader("Content-Type", "application/yaml").end(document.text()));
    router.get("/readyz").handler(context -> onLoop(asked(), result -> {
      var away = result.succeeded() ? result.result() : Map.of("service", String.valueOf(result.cause().getMessage()));
      Http.send(context, new Answer(away.isEmpty() ? 200 : 503,
          Map.of("status", away.isEmpty() ? "ready" : "not ready", "service", chassis.config().service(), "away", away),
          away.isEmpty() ? Map.of() : Map.of("Retry-After", "1")));
    }));
  }

  private static <T> void onLoop(io.vertx.core.Future<T> answer, Consumer<AsyncResult<T>> then) {
    var loop = Vertx.currentContext();
    var _ = answer.onComplete(result -> loop.runOnContext(_ -> then.accept(result)));
  }

  /// However many ask at once, the parts are asked once.
  private io.vertx.core.Future<Map<String, String>> asked() {
    synchronized (peers) {
      if (underWay == null || underWay.isComplete()) {
        var answer = Promise.<Map<String, String>>promise();
        chassis.threads().execute(() -> {
          try {
            answer.complete(awayWithPeers());
          } catch (Throwable e) { // whoever waits is told, whatever happens
            answer.tryFail(e);
          }
        });
        underWay = answer.future();
      }
      return underWay;
    }
  }
}
