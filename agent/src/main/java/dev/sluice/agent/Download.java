package dev.sluice.agent;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/// Fetches an archive into a file: one try, which goes on where the try before ended. The caller waits between tries.
/// A transfer that stands still for [#STALL] is given up. The token goes to the server's own origin only, not where it redirects to.
final class Download {
  private static final Duration STALL = Duration.ofSeconds(30);
  private static final int REDIRECTS = 5;
  private final HttpClient http;
  private final Link link;
  private final Server server;
  private final long mostBytes;
  private volatile CompletableFuture<?> transfer = new CompletableFuture<>();

  /// What is worth another try at once.
  private static final long PIECE = 64 << 10;

  /// A transfer that ended early, after it had brought a good piece of the archive: the next one has less to bring.
  static final class BrokenOff extends IOException {
    private static final long serialVersionUID = 1;

    BrokenOff(IOException cause) { super(cause.getMessage(), cause); }
  }

  Download(HttpClient http, Link link, Server server, long mostBytes) {
    this.http = http;
    this.link = link;
    this.server = server;
    this.mostBytes = mostBytes;
  }

  /// Fetches what is missing of an archive and checks the whole. Blocks.
  ///
  /// @param given  asked about once a second: whether the archive is no longer wanted
  /// @return whether the archive is there; false where it is no longer wanted
  /// @throws Denied  where the store says no, or what it sends has another sha256 (and nothing is kept)
  /// @throws Refused where the archive is larger than the limit
  /// @throws FileSink.Unwritable where it cannot be written; nothing is kept, for what it has filled others need
  boolean fetch(Instruction wanted, Path file, BooleanSupplier given) throws IOException, InterruptedException, Refused {
    URI from = server.resolve(wanted.url());
    for (int i = 0; i < REDIRECTS; i++) {
      long have = size(file);
      HttpResponse<Long> response = send(from, have, file, given);
      if (response == null) return false;
      int status = response.statusCode();
      if (status / 100 == 3) from = location(from, response);
      else if (status == 416 && have > 0 && complete(wanted, file)) return true;
      else if (status == 200 || status == 206) return checked(wanted, file);
      else
        throw refusal(from, file, response);
    }
    throw new Denied("the artifact is redirected more than " + REDIRECTS + " times");
  }

  /// Ends a fetch under way.
  void close() { transfer.cancel(true); }

  private HttpResponse<Long> send(URI from, long have, Path file, BooleanSupplier given)
      throws IOException, InterruptedException, Refused {
    HttpRequest.Builder request = HttpRequest.newBuilder(from);
    server.authorize(request, from);
    if (have > 0) request.header("Range", "bytes=" + have + "-");
    try (FileChannel channel = FileChannel.open(file, CREATE, WRITE)) {
      var sink = new FileSink(channel, have, mostBytes, Files.getFileStore(file).getUsableSpace());
      CompletableFuture<HttpResponse<Long>> call = link.send(http, request.build(), sink::accept);
      transfer = call;
      try {
        boolean whole = await(call, sink, given);
        sink.sync();
        return whole ? call.join() : null;
      } finally {
        call.cancel(true);
      }
    } catch (FileSink.TooLarge tooLarge) {
      Files.deleteIfExists(file);
      throw new Refused("it is larger than " + mostBytes + " bytes");
    } catch (FileSink.Unwritable full) {
      Files.deleteIfExists(file);
      throw full;
    } catch (IOException broken) {
      throw size(file) >= have + PIECE ? new BrokenOff(broken) : broken;
    }
  }

  private static long size(Path file) throws IOException { return Files.exists(file) ? Files.size(file) : 0; }

  private static boolean await(CompletableFuture<?> call, FileSink sink, BooleanSupplier given) throws IOException, InterruptedException {
    long seen = -1;
    long since = System.nanoTime();
    while (true) {
      try {
        call.get(1, TimeUnit.SECONDS);
        return true;
      } catch (CancellationException closed) {
        throw new InterruptedException("closed");
      } catch (ExecutionException e) {
        throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause().toString(), e.getCause());
      } catch (TimeoutException stillGoing) {
        if (given.getAsBoolean()) return false;
        long now = sink.written();
        if (now != seen) since = System.nanoTime();
        else if (System.nanoTime() - since > STALL.toNanos()) throw new IOException("the download stands still");
        seen = now;
      }
    }
  }

  private static URI location(URI from, HttpResponse<?> response) throws Denied {
    String location = response.headers().firstValue("Location").orElseThrow(() -> new Denied(from.getPath() + " redirects to nowhere"));
    try {
      return Server.reachable(from.resolve(location));
    } catch (IllegalArgumentException e) {
      throw new Denied(from.getPath() + " redirects to no address"); // not shown: a signed one is a secret
    }
  }

  private static boolean complete(Instruction wanted, Path file) throws IOException {
    return Manifest.sha256(file).equals(wanted.release().hex());
  }

  private static boolean checked(Instruction wanted, Path file) throws IOException {
    if (complete(wanted, file)) return true;
    Files.delete(file);
    throw new Denied("the artifact has another sha256 than " + wanted.digest());
  }

  private static IOException refusal(URI from, Path file, HttpResponse<?> response) throws IOException {
    int status = response.statusCode();
    if (status == 416) Files.deleteIfExists(file);
    if (status == 503 || status == 429) return Server.unavailable(response);
    boolean passing = status >= 500 || status == 408 || status == 416;
    String what = from.getPath() + " answers " + status;
    return passing ? new IOException(what) : new Denied(what);
  }
}
