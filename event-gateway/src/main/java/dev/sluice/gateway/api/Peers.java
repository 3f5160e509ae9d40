package dev.sluice.gateway.api;

import dev.sluice.chassis.Await;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Health;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.time.Duration;
import java.util.Collection;

/// Whether the services behind the gateway are ready: one replica of each is enough. And which replicas hang, or are cut off without a word: such a one takes a
/// request and never answers it.
public final class Peers implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(3);
  private static final Duration LOOK = Duration.ofSeconds(2);
  private final WebClient client;

  public Peers(Vertx vertx) {
    this.client = WebClient.create(vertx, new WebClientOptions().setConnectTimeout(1_000).setKeepAlive(false));
  }

  /// Adds a check for each service.
  public void check(Health health, Collection<Upstream> services) {
    for (var service : services)
      health.check(service.service(), () -> ready(service));
  }

  /// Looks again and again who answers. Where there is one replica, nobody else could.
  public void watch(Chassis chassis, Collection<Upstream> services) {
    var several = services.stream().filter(service -> service.replicas().size() > 1).toList();
    chassis.loop("peers", LOOK, () -> {
      several.forEach(this::look);
      return false;
    });
  }

  private void look(Upstream service) {
    for (var replica : service.replicas()) {
      var _ = client.getAbs(replica.address() + "/healthz").timeout(LOOK.toMillis()).send().onSuccess(_ -> service.reached(replica))
          .onFailure(_ -> service.away(replica));
    }
  }

  private boolean ready(Upstream service) {
    var answers = service.addresses().stream()
        .map(address -> client.getAbs(address + "/readyz").timeout(LIMIT.toMillis()).send()
            .compose(
                answer -> answer.statusCode() == 200 ? Future.succeededFuture() : Future.failedFuture("answers " + answer.statusCode())))
        .toList();
    Await.on(Future.any(answers), LIMIT.plusSeconds(1), service.service());
    return true;
  }

  @Override
  public void close() { client.close(); }
}
