package dev.sluice.health.api;

import dev.sluice.chassis.Http;
import dev.sluice.chassis.Ids;
import dev.sluice.contract.Problem;
import dev.sluice.health.ingest.Assigned;
import dev.sluice.health.ingest.Cells;
import dev.sluice.health.ingest.Ears;
import dev.sluice.health.ingest.Flusher;
import dev.sluice.health.ingest.HeartbeatBuffer;
import dev.sluice.health.ingest.Meters;
import dev.sluice.health.ingest.Teller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/// Heartbeats in, instructions out, on the event loop: read, keep in memory, answer. It never waits for the database, except where the answer carries an
/// instruction that must be handed out first, or where this replica does not know the instance yet.
public final class HeartbeatIngest {
  private static final String PREFIX = "/v1/instances/";
  private static final String SUFFIX = "/heartbeats";
  private static final int MAX_BODY = 64 << 10;
  private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("X-Request-Id");
  private final AgentDoor door;
  private final Cells cells;
  private final HeartbeatBuffer buffer;
  private final Flusher flusher;
  private final Teller teller;
  private final AgentAnswers answers;
  private final Meters meters;
  /// Begins the ids of requests that bring none.
  private final String requestIds;
  private final AtomicLong requests = new AtomicLong();

  HeartbeatIngest(AgentDoor door, Ears ears, AgentAnswers answers) {
    this.door = door;
    this.cells = ears.cells();
    this.buffer = ears.buffer();
    this.flusher = ears.flusher();
    this.teller = ears.teller();
    this.answers = answers;
    this.meters = ears.meters();
    this.requestIds = ears.replicaId() + "-";
  }

  /// Takes a request if it is a heartbeat.
  public boolean take(HttpServerRequest request) {
    var path = request.path();
    if (request.method() != HttpMethod.POST || path == null || !path.endsWith(SUFFIX) || !path.startsWith(PREFIX)
        || path.length() <= PREFIX.length() + SUFFIX.length())
      return false;
    var id = path.substring(PREFIX.length(), path.length() - SUFFIX.length());
    if (id.indexOf('/') >= 0) return false;
    if (id.indexOf('%') >= 0) id = decoded(id);
    take(request, id);
    return true;
  }

  private static String decoded(String id) {
    try {
      return URLDecoder.decode(id.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return id;
    }
  }

  void take(HttpServerRequest request, String instanceId) {
    var given = request.getHeader(REQUEST_ID);
    request.response().putHeader(REQUEST_ID,
        given != null && Ids.isId(given) ? given : requestIds + requests.incrementAndGet());
    var body = new Body(request, instanceId);
    Http.goOn(request);
    request.handler(body::part).endHandler(_ -> body.whole());
  }

  private final class Body {
    private final HttpServerRequest request;
    private final String instanceId;
    /// The first part as it came; with the second one a buffer of our own, that grows.
    private Buffer bytes;
    private boolean grows;
    private boolean tooLarge;
    /// When it is waited for no longer; null while it has come in one part, as nearly all do.
    private Long overdue;

    Body(HttpServerRequest request, String instanceId) {
      this.request = request;
      this.instanceId = instanceId;
    }

    void part(Buffer part) {
      if (tooLarge) return;
      if (bytes == null) bytes = part;
      else {
        if (!grows) bytes = Buffer.buffer(bytes.length() + part.length()).appendBuffer(bytes);
        grows = true;
        if (overdue == null) overdue = loop().setTimer(Http.BODY_WAIT.toMillis(), _ -> Http.tooSlow(request));
        bytes.appendBuffer(part);
      }
      if (bytes.length() <= MAX_BODY) return;
      tooLarge = true;
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      refuse(request,
          Problem.tooLarge("a heartbeat has at most " + MAX_BODY + " bytes", Map.of()));
    }

    private Vertx loop() { return Vertx.currentContext().owner(); }

    void whole() {
      if (overdue != null) loop().cancelTimer(overdue);
      if (tooLarge || request.response().ended()) return;
      var entry = door.enter(request, instanceId);
      if (entry.succeeded()) answer(request, entry.result(), bytes);
      else {
        var loop = Vertx.currentContext();
        buffer.pends(this);
        entry.onSuccess(e -> loop.runOnContext(_ -> late(e)));
      }
    }

    private void late(AgentDoor.Entry entry) {
      try {
        answer(request, entry, bytes);
      } finally {
        buffer.passed(this); // after it was stamped, so that no moment lies between
      }
    }
  }

  private void answer(HttpServerRequest request, AgentDoor.Entry entry, Buffer body) {
    if (entry.refusal() != null) {
      refuse(request, entry.refusal());
      return;
    }
    var type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    if (!Http.isOf(type, "application/json")) {
      refuse(request, Problem.unsupportedMediaType("application/json", type));
      return;
    }
    var reader = new HeartbeatReader();
    var heartbeat = reader.read(body == null ? new byte[0] : body.getBytes());
    if (heartbeat == null) {
      refuse(request, Problem.invalid(reader.faults()));
      return;
    }
    var heard = hear(entry, heartbeat);
    if (heard.refusal() != null) refuse(request, heard.refusal());
    else if (heard.told().succeeded()) answer(request, heard.told().result());
    else {
      Context loop = Vertx.currentContext();
      heard.told().onSuccess(told -> loop.runOnContext(_ -> answer(request, told)));
    }
  }

  private void answer(HttpServerRequest request, List<Assigned> told) {
    var response = request.response();
    if (response.closed()) return;
    response.putHeader(HttpHeaders.CONTENT_TYPE, JSON).end(answers.heartbeat(told));
  }

  /// What a heartbeat comes to.
  ///
  /// @param told    what to answer; never fails
  /// @param refusal null where it was heard
  record Heard(Future<List<Assigned>> told, Problem refusal) {}

  /// Keeps a heartbeat, and says what to answer.
  Heard hear(AgentDoor.Entry entry, Heartbeat heartbeat) {
    var cell = entry.cell();
    meters.received.increment();
    boolean watched = teller.watched(cell);
    if (!cell.begun()) cells.dispute(cell);
    return switch (buffer.take(cell, entry.shown().enrolment(), heartbeat.bootId(), heartbeat.sequence(), heartbeat.said(), watched)) {
      case KEPT -> new Heard(teller.tell(cell), null);
      case KEPT_URGENT -> {
        flusher.nudge();
        yield new Heard(teller.tell(cell), null);
      }
      case LATE -> {
        meters.late.increment();
        yield new Heard(Future.succeededFuture(teller.tellAgain(cell)), null);
      }
      case REPLACED -> {
        cells.dispute(cell);
        yield new Heard(Future.succeededFuture(List.of()), null);
      }
      case REFUSED -> {
        meters.refused.increment();
        yield new Heard(null, Problem.unavailable("heartbeats cannot be kept now; send it again"));
      }
      case FLOOD -> {
        meters.refused.increment();
        yield new Heard(null, new Problem("too-many-requests", "Too many requests", 429,
            "the instance " + cell.id() + " sends too many different heartbeats at once; send the newest again", List.of(), Map.of()));
      }
    };
  }

  static void refuse(HttpServerRequest request, Problem problem) { AgentProblems.answer(request, problem); }
}
