package dev.sluice.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;

/// A body as text, at most 1 MB of it: a server gone wrong does not take the host's memory.
final class SmallBody implements BodySubscriber<String> {
  private static final int MOST_BYTES = 1 << 20;
  private final CompletableFuture<String> done = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
  private Subscription subscription;

  static BodySubscriber<String> of(ResponseInfo response) { return new SmallBody(); }

  @Override
  public CompletionStage<String> getBody() { return done; }

  @Override
  public void onSubscribe(Subscription source) {
    subscription = source;
    source.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    for (ByteBuffer buffer : buffers) {
      byte[] part = new byte[buffer.remaining()];
      buffer.get(part);
      bytes.writeBytes(part);
    }
    if (bytes.size() <= MOST_BYTES) {
      subscription.request(1);
      return;
    }
    subscription.cancel();
    done.completeExceptionally(new IOException("the answer is larger than " + MOST_BYTES + " bytes"));
  }

  @Override
  public void onError(Throwable failure) { done.completeExceptionally(failure); }

  @Override
  public void onComplete() { done.complete(bytes.toString(StandardCharsets.UTF_8)); }
}
