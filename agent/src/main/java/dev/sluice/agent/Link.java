package dev.sluice.agent;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/// The way to the network. Cutting it is how a simulated fleet loses a machine: what is under way fails, and all that is tried
/// until it is restored fails too. One for each agent. Any thread may call.
public final class Link {
  private final Set<CompletableFuture<?>> underWay = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;

  public void cut() {
    cut = true;
    drop();
  }

  public void restore() { cut = false; }

  /// Ends what is under way.
  void drop() { underWay.forEach(call -> call.completeExceptionally(new IOException("the link was cut"))); }

  public boolean isCut() { return cut; }

  /// Sends a request. The exchange ends with the future, however that is completed.
  <T> CompletableFuture<HttpResponse<T>> send(HttpClient http, HttpRequest request, BodyHandler<T> handler) {
    if (cut) return CompletableFuture.failedFuture(new IOException("the link is cut"));
    CompletableFuture<HttpResponse<T>> exchange = http.sendAsync(request, handler);
    CompletableFuture<HttpResponse<T>> call = new CompletableFuture<>();
    underWay.add(call);
    exchange.whenComplete((response, failure) -> {
      if (failure == null) call.complete(response);
      else
        call.completeExceptionally(failure);
    });
    call.whenComplete((response, failure) -> {
      underWay.remove(call);
      exchange.cancel(true);
    });
    if (cut) call.completeExceptionally(new IOException("the link was cut"));
    return call;
  }
}
