package dev.sluice.planner.api;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Ids;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Digest;
import dev.sluice.contract.Problem;
import dev.sluice.planner.store.ArtifactFolder;
import io.vertx.core.Future;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Artifacts by digest, streamed on the event loop both ways. An upload is written as it comes, with back-pressure, and hashed on the way; it appears under its
/// digest only when it is whole and proven.
public final class ArtifactApi {
  private static final Logger log = LoggerFactory.getLogger(ArtifactApi.class);
  private final Chassis chassis;
  private final ArtifactFolder folder;
  private final long maxBytes;

  public ArtifactApi(Chassis chassis, ArtifactFolder folder, long maxBytes) {
    this.chassis = chassis;
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  public void routes(Http http) { http.raw("putArtifact", this::put).raw("getArtifact", this::get).raw("headArtifact", this::get); }

  private Optional<Digest> digest(RoutingContext context) {
    var given = context.pathParam("digest");
    try {
      return Optional.of(new Digest(given));
    } catch (IllegalArgumentException e) {
      Http.problem(context, Problem.invalid("digest", "must be sha256: and 64 lower-case hex digits", given));
      return Optional.empty();
    }
  }

  private void get(RoutingContext context) {
    digest(context).ifPresent(digest -> blocking(() -> folder.size(digest)).onFailure(context::fail).onSuccess(size -> {
      if (size.isPresent()) serve(context, digest, size.getAsLong());
      else
        Http.problem(context, Problem.notFound("artifact", digest.value()));
    }));
  }

  private void serve(RoutingContext context, Digest digest, long size) {
    var request = context.request();
    var response = context.response();
    var etag = '"' + digest.value() + '"';
    response.putHeader("ETag", etag).putHeader("Accept-Ranges", "bytes").putHeader("Cache-Control", "max-age=31536000, immutable");
    var known = request.getHeader("If-None-Match");
    if (known != null && (known.equals("*") || known.contains(etag))) {
      response.setStatusCode(304).end();
      return;
    }
    response.putHeader(HttpHeaders.CONTENT_TYPE, "application/octet-stream").putHeader(HttpHeaders.CONTENT_ENCODING, HttpHeaders.IDENTITY);
    if (request.method() == HttpMethod.HEAD) {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, Long.toString(size)).end();
      return;
    }
    var wanted = request.getHeader("If-Range") == null || request.getHeader("If-Range").equals(etag) ? request.getHeader("Range") : null;
    var range = ByteRange.parse(wanted, size);
    if (range.outside()) {
      response.headers().remove(HttpHeaders.CONTENT_ENCODING);
      response.putHeader("Content-Range", "bytes */" + size);
      Http.problem(context, new Problem("range-not-satisfiable", "The range does not fit", 416,
          "the artifact has " + size + " bytes", List.of(), Map.of("size", size)));
      return;
    }
    if (range.part()) response.setStatusCode(206).putHeader("Content-Range", "bytes " + range.from() + "-" + range.last() + "/" + size);
    response.sendFile(folder.place(digest).toString(), range.from(), range.length()).onFailure(context::fail);
  }

  private void put(RoutingContext context) {
    var request = context.request();
    var digest = digest(context);
    if (digest.isEmpty()) return;
    var declared = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (declared != null && (declared.length() > 18 || Long.parseLong(declared) > maxBytes)) {
      tooLarge(context);
      return;
    }
    var gone = new AtomicBoolean();
    request.exceptionHandler(_ -> gone.set(true)); // who goes while the file is opened is told to nobody who asks later
    Http.goOn(context.request());
    request.pause();
    var path = folder.incoming(chassis.ids().next());
    chassis.vertx().fileSystem().open(path.toString(), new OpenOptions().setCreateNew(true).setWrite(true))
        .onFailure(e -> context.fail(Upload.notStored(e)))
        .onSuccess(file -> {
          var upload = new Upload(context, digest.get(), path, file);
          if (gone.get()) upload.give(() -> {
            // nobody waits for an answer
          });
          else
            upload.run();
        });
  }

  private void tooLarge(RoutingContext context) {
    if (context.request().version() != HttpVersion.HTTP_2) context.response().putHeader("Connection", "close");
    Http.problem(context, Problem.tooLarge("an artifact has at most " + maxBytes + " bytes", Map.of("max_bytes", maxBytes)));
  }

  private <T> Future<T> blocking(java.util.concurrent.Callable<T> work) { return chassis.vertx().executeBlocking(work, false); }

  /// One upload under way, on its connection's event loop.
  private final class Upload {
    private final RoutingContext context;
    private final Digest digest;
    private final Path path;
    private final AsyncFile file;
    private final MessageDigest sha256 = Ids.sha256();
    private long size;
    private boolean over;
    private Throwable unwritten;

    Upload(RoutingContext context, Digest digest, Path path, AsyncFile file) {
      this.context = context;
      this.digest = digest;
      this.path = path;
      this.file = file;
    }

    void run() {
      var request = context.request();
      request.exceptionHandler(e -> give(() -> log.atDebug().log("An upload broke off: {}", e.getMessage())));
      request.handler(part -> {
        if (over) return;
        size += part.length();
        if (size > maxBytes) {
          give(() -> tooLarge(context));
          return;
        }
        sha256.update(part.getBytes());
        // one that fails does not reach the file's own handler
        file.write(part).onFailure(this::broken);
        if (file.writeQueueFull()) {
          request.pause();
          file.drainHandler(_ -> request.resume());
        }
      });
      request.endHandler(_ -> finish());
      request.resume();
    }

    private void broken(Throwable e) {
      unwritten = e;
      give(() -> context.fail(notStored(e)));
    }

    private static Outage notStored(Throwable e) { return new Outage("the artifact could not be stored: " + e.getMessage(), e); }

    private void finish() {
      if (over) return;
      var found = "sha256:" + Ids.hex(sha256.digest());
      if (!found.equals(digest.value())) {
        give(() -> Http.problem(context,
            Problem.invalid("digest", "must be the sha256 of the body, which is " + found + "; nothing was stored", digest.value())));
        return;
      }
      over = true;
      // closes when all is written, or was not
      file.close().compose(_ -> unwritten == null ? blocking(() -> folder.accept(path, digest, size)) : Future.failedFuture(unwritten))
          .onFailure(e -> discard().onComplete(_ -> context.fail(notStored(e)))).onSuccess(fresh -> {
            if (fresh) log.atInfo().addKeyValue("digest", digest).addKeyValue("bytes", size).log("Artifact stored");
            if (fresh) context.response().putHeader("Location", "/v1/artifacts/" + digest);
            context.response().setStatusCode(fresh ? 201 : 200).putHeader("ETag", '"' + digest.value() + '"')
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .end("{\"digest\":\"" + digest + "\",\"size\":" + size + "}");
          });
    }

    /// Gives up: nothing of the upload stays.
    private void give(Runnable then) {
      if (over) return;
      over = true;
      file.close().eventually(this::discard).onComplete(_ -> then.run());
    }

    private Future<Void> discard() {
      return blocking(() -> {
        folder.discard(path);
        return null;
      });
    }
  }

  /// A range of bytes as RFC 9110 (14.1.2) has it: one range, else the whole.
  ///
  /// @param part    whether it is not the whole
  /// @param outside whether it lies outside
  record ByteRange(long from, long length, boolean part, boolean outside) {
    long last() { return from + length - 1; }

    static ByteRange parse(String header, long size) {
      var whole = new ByteRange(0, size, false, false);
      if (header == null || !header.matches("bytes=(\\d{1,18}-\\d{0,18}|-\\d{1,18})")) return whole;
      var ends = header.substring("bytes=".length()).split("-", -1);
      if (ends[0].isEmpty()) {
        long length = Math.min(size, Long.parseLong(ends[1]));
        return new ByteRange(size - length, length, true, length == 0);
      }
      long from = Long.parseLong(ends[0]);
      long last = ends[1].isEmpty() ? size - 1 : Math.min(size - 1, Long.parseLong(ends[1]));
      if (!ends[1].isEmpty() && Long.parseLong(ends[1]) < from) return whole;
      return new ByteRange(from, last - from + 1, true, from >= size);
    }
  }
}
