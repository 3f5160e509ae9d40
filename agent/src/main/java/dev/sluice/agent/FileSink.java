package dev.sluice.agent;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;

/// Writes a body into a file: after what is there where the server sends the rest (206), from the start where it sends all (200).
/// Anything else is thrown away.
final class FileSink implements BodySubscriber<Long> {
  private final FileChannel file;
  private final long mostBytes;
  private final long room;
  private final CompletableFuture<Long> done = new CompletableFuture<>();
  private Subscription subscription;
  private volatile long written;

  /// A body larger than the bound.
  static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1;
  }

  /// What came could not be written: the disk is full, most likely.
  static final class Unwritable extends IOException {
    private static final long serialVersionUID = 1;

    Unwritable(IOException cause) { super("the archive cannot be written: " + cause.getMessage(), cause); }
  }

  /// @param room how many bytes the disk has left
  FileSink(FileChannel file, long have, long mostBytes, long room) {
    this.file = file;
    this.room = room;
    this.mostBytes = mostBytes;
    written = have;
  }

  BodySubscriber<Long> accept(ResponseInfo response) {
    if (response.statusCode() != 200 && response.statusCode() != 206) return BodySubscribers.replacing(0L);
    try {
      long needed = response.headers().firstValueAsLong("Content-Length").orElse(0) - (response.statusCode() == 200 ? written : 0);
      // said before it is fetched, each time anew
      if (needed > room) throw new IOException("it takes " + needed + " bytes more, and the disk has " + room);
      if (response.statusCode() == 200) written = 0;
      file.truncate(written).position(written);
    } catch (IOException e) {
      done.completeExceptionally(new Unwritable(e));
    }
    return this;
  }

  /// Bytes in the file so far.
  long written() { return written; }

  /// Makes them last.
  void sync() throws Unwritable {
    try {
      file.force(true);
    } catch (IOException e) {
      throw new Unwritable(e);
    }
  }

  @Override
  public CompletionStage<Long> getBody() { return done; }

  @Override
  public void onSubscribe(Subscription source) {
    subscription = source;
    source.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    try {
      long total = written;
      for (ByteBuffer buffer : buffers) {
        total += buffer.remaining();
        if (total > mostBytes) throw new TooLarge();
        while (buffer.hasRemaining())
          file.write(buffer);
      }
      written = total;
      Halts.at("within", Step.DOWNLOADING);
      subscription.request(1);
    } catch (IOException e) {
      subscription.cancel();
      done.completeExceptionally(e instanceof TooLarge ? e : new Unwritable(e));
    }
  }

  @Override
  public void onError(Throwable failure) { done.completeExceptionally(failure); }

  @Override
  public void onComplete() { done.complete(written); }
}
