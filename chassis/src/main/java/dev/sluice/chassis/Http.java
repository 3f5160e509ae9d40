package dev.sluice.chassis;

import dev.sluice.contract.Fault;
import dev.sluice.contract.Problem;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import io.vertx.pgclient.PgException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A service's porch: routes the operations of its OpenAPI document, lets in only what fits it, answers every failure as problem+json, and gives every
/// answer its `X-Request-Id`. Handlers run on virtual threads, at most 512 at once; past that the answer is 503.
public final class Http implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Http.class);
  private static final int MAX_BODY = 1 << 20;
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);
  /// How long a body may take to come whole.
  public static final Duration BODY_WAIT = Duration.ofMinutes(1);
  /// How long a connection may owe a request.
  private static final Duration HEAD_WAIT = Duration.ofMinutes(2);
  /// So many in a row while nothing can be written.
  private static final int PINGS = 1_000;
  private static final int MAX_LINE = 8_192;
  private static final int MAX_HEADERS = 16_384;
  private static final int AT_ONCE = 512;
  private static final Pattern LOOPBACK = Pattern.compile("127\\..*|localhost|\\[?::1]?");
  /// Nobody far away can let these mean another machine: addresses, names without a dot, and names that are given on the machine or in its own net.
  private static final Pattern NEAR = Pattern
      .compile("[0-9.]+|[^.]*\\.?|\\[?[0-9a-fA-F:.]*:[0-9a-fA-F:.]*]?|(?i:.*\\.(localhost|localdomain|internal|local|test))");
  private static final AtomicInteger FREE_PORTS = new AtomicInteger();
  /// The WebSocket subprotocol that is agreed on where a client offers any.
  private static final String SUBPROTOCOL = "sluice.v1";

  /// Answers a call, on a virtual thread. May throw [ProblemException] and [Outage].
  public interface Endpoint {
    Answer answer(Call call) throws Exception;
  }

  private final Chassis chassis;
  private final OpenApi document;
  private final Router router;
  private final Idempotency idempotency;
  /// Whether it listens for its own machine alone.
  private final boolean onlyHere;
  private final Semaphore room = new Semaphore(AT_ONCE);
  private final Map<String, Endpoint> endpoints = new LinkedHashMap<>();
  private final Map<String, io.vertx.core.Handler<RoutingContext>> raw = new LinkedHashMap<>();
  private final List<HttpServer> servers = new CopyOnWriteArrayList<>();
  private Predicate<HttpServerRequest> flood;
  private Runnable serving;
  private Duration bodyWait = BODY_WAIT;
  private Duration headWait = HEAD_WAIT;

  Http(Chassis chassis, OpenApi document) {
    this.chassis = chassis;
    this.document = document;
    this.router = Router.router(chassis.vertx());
    this.onlyHere = LOOPBACK.matcher(chassis.config().host()).matches();
    this.idempotency = new Idempotency(chassis.db(), chassis.ids(), chassis.clock());
  }

  /// Answers an operation of the document.
  public Http on(String operationId, Endpoint endpoint) {
    endpoints.put(operationId, endpoint);
    return this;
  }

  /// Answers an operation on the event loop: for streams and sockets. The caller and the query were checked ([#query]); the body was not read.
  public Http raw(String operationId, io.vertx.core.Handler<RoutingContext> handler) {
    raw.put(operationId, handler);
    return this;
  }

  /// Shows each request first to `taker`, which answers it and says `true`, or says `false`. For calls that come in floods: nothing of the porch (checks, routes,
  /// the request's id) is done before it. The port is then served by one event loop for each core, and compresses nothing: a gateway does.
  ///
  /// @param begins called on each of those event loops, before it serves
  public Http first(Predicate<HttpServerRequest> taker, Runnable begins) {
    flood = taker;
    serving = begins;
    return this;
  }

  /// For tests, which do not wait for minutes.
  Http patience(Duration body, Duration head) {
    bodyWait = body;
    headWait = head;
    return this;
  }

  /// For routes that no document names, such as pages. Add them before [#listen].
  public Router router() { return router; }

  /// Binds the port.
  ///
  /// @return the port
  /// @throws IllegalStateException if an operation of the document has no handler, or a handler no operation
  public int listen() {
    router.route().order(-100).handler(this::requestId).handler(this::stranger).failureHandler(this::failed);
    // a literal part of a path goes before a parameter in its place
    document.operations().stream().sorted(Comparator.comparing(o -> o.path().replace(':', '~'))).forEach(this::route);
    if (!endpoints.isEmpty() || !raw.isEmpty())
      throw new IllegalStateException("no operation in the document for " + endpoints.keySet() + raw.keySet());
    chassis.health().routes(router, document);
    router.errorHandler(404, context -> problem(context,
        Problem.notFound("there is no " + context.request().path(), List.of(), Map.of())));
    router.errorHandler(405, this::notAllowed);
    router.errorHandler(400, context -> problem(context, malformed()));
    var options = new HttpServerOptions().setHost(chassis.config().host()).setPort(chassis.config().port()).setIdleTimeout(120)
        .setMaxWebSocketFrameSize(1 << 20).addWebSocketSubProtocol(SUBPROTOCOL)
        // a small frame could unfold to a gigabyte before its size is looked at
        .setPerMessageWebSocketCompressionSupported(false).setPerFrameWebSocketCompressionSupported(false)
        .setMaxWebSocketMessageSize(1 << 20).setCompressionSupported(flood == null).setMaxInitialLineLength(MAX_LINE)
        .setMaxHeaderSize(MAX_HEADERS);
    int loops = flood == null ? 1 : Runtime.getRuntime().availableProcessors();
    // the JDK's client offers an upgrade with its first request; a streamed body can stall in it
    options.setHttp2ClearTextEnabled(false);
    // a negative port is any free one, the same for all servers of one Vert.x that ask by the same number
    if (options.getPort() == 0) options.setPort(-FREE_PORTS.incrementAndGet());
    Await.on(chassis.vertx().deployVerticle(() -> new Serving(options), new DeploymentOptions().setInstances(loops)),
        Duration.ofSeconds(10),
        "the port " + chassis.config().port());
    int port = servers.getFirst().actualPort();
    log.atInfo().addKeyValue("service", chassis.config().service()).addKeyValue("host", options.getHost()).addKeyValue("port", port)
        .log("Listens");
    return port;
  }

  /// A server on an event loop of its own; servers of one port share its connections.
  private final class Serving extends VerticleBase {
    private final HttpServerOptions options;

    Serving(HttpServerOptions options) {
      this.options = options;
    }

    @Override
    public Future<?> start() {
      if (serving != null) serving.run();
      return vertx.createHttpServer(options).connectionHandler(connection -> HeadDeadline.watch(connection, headWait))
          .invalidRequestHandler(Http.this::unreadable).requestHandler(request -> {
            if (flood == null || !flood.test(request)) router.handle(request);
          }).listen().onSuccess(servers::add);
    }
  }

  /// Answers what Netty could not read as a request; the connection ends with it.
  private void unreadable(HttpServerRequest request) {
    var cause = request.decoderResult().cause();
    var problem = cause instanceof TooLongHttpLineException
        ? Problem.headTooLarge(414, "a request's address has at most " + MAX_LINE + " bytes")
        : cause instanceof TooLongHttpHeaderException
            ? Problem.headTooLarge(431, "a request's headers have at most " + MAX_HEADERS + " bytes")
            : malformed();
    var id = chassis.ids().next();
    request.response().putHeader("X-Request-Id", id).putHeader("Connection", "close");
    problem(request.response(), problem, id);
    request.connection().close();
  }

  private static Problem malformed() {
    return Problem.invalid("request", "must be a proper HTTP request; it needs a Host, and an address in percent-encoded UTF-8", null);
  }

  private void notAllowed(RoutingContext context) {
    var allowed = allowed(context.normalizedPath());
    context.response().putHeader("Allow", allowed);
    problem(context, new Problem("method-not-allowed", "The method does not fit", 405,
        context.request().method() + " is not possible here; " + allowed + " is", List.of(), Map.of()));
  }

  private String allowed(String path) {
    var methods = document.operations().stream().filter(o -> path.matches(o.path().replaceAll(":\\w+", "[^/]+")))
        .map(OpenApi.Operation::method)
        .toList();
    return methods.isEmpty() ? "GET" : String.join(", ", methods);
  }

  private void route(OpenApi.Operation operation) {
    var endpoint = endpoints.remove(operation.id());
    var stream = raw.remove(operation.id());
    if (endpoint == null && stream == null) throw new IllegalStateException("no handler for the operation " + operation.id());
    router.route(HttpMethod.valueOf(operation.method()), operation.path()).handler(context -> {
      if (!operation.permission().equals("none") && Call.bearer(context).isEmpty()) {
        context.response().putHeader("WWW-Authenticate", "Bearer");
        problem(context, Problem.unauthorized("this needs the header Authorization: Bearer <token>"));
        return;
      }
      if (!operation.permission().equals("none") && !operation.permission().equals("instance")
          && Ids.isInstanceToken(Call.bearer(context).orElse(""))) {
        problem(context,
            Problem.forbidden("the token of an instance serves its own heartbeat, desired state and socket, and artifacts; this"
                + " needs the permission " + operation.permission(), Map.of("permission", operation.permission())));
        return;
      }
      if (stream == null) {
        readBody(context, operation, endpoint);
        return;
      }
      var faults = new ArrayList<Fault>();
      context.put("query", document.query(operation, context.queryParams(), faults));
      if (faults.isEmpty()) stream.handle(context);
      else
        problem(context, Problem.invalid(faults));
    });
  }

  /// A parameter of the query, as the document types it, for raw handlers.
  public static java.util.Optional<Object> query(RoutingContext context, String name) {
    return java.util.Optional.ofNullable(context.<Map<String, Object>>get("query").get(name));
  }

  private void readBody(RoutingContext context, OpenApi.Operation operation, Endpoint endpoint) {
    var body = Buffer.buffer();
    var declared = context.request().getHeader("Content-Length");
    if (declared != null && declared.length() < 19 && declared.matches("\\d+") && Long.parseLong(declared) > MAX_BODY) {
      tooLarge(context);
      return;
    }
    goOn(context.request());
    long overdue = context.vertx().setTimer(bodyWait.toMillis(), _ -> tooSlow(context.request()));
    context.request().handler(part -> {
      if (context.response().ended()) return;
      if (body.length() + part.length() > MAX_BODY) tooLarge(context);
      else
        body.appendBuffer(part);
    }).endHandler(_ -> {
      context.vertx().cancelTimer(overdue);
      if (context.response().ended()) return;
      try {
        take(context, operation, endpoint, body);
      } catch (RuntimeException e) { // no handler of the router sees it here
        problem(context, problemOf(e, context));
      }
    });
  }

  /// Tells who asks before he sends a body that he may; for raw handlers too.
  public static void goOn(HttpServerRequest request) {
    if (request.headers().contains("Expect", "100-continue", true)) request.response().writeContinue();
  }

  /// Refuses with words what is no handshake of a WebSocket (RFC 6455, 4.2.1); Vert.x would do it without. For raw handlers.
  ///
  /// @return whether it was one
  public static boolean handshake(RoutingContext context) {
    var request = context.request();
    var version = request.getHeader("Sec-WebSocket-Version");
    var faults = new ArrayList<Fault>();
    if (!request.canUpgradeToWebSocket())
      faults.add(new Fault("Upgrade", "must be websocket, and Connection must be Upgrade", request.getHeader("Upgrade")));
    if (!"13".equals(version)) faults.add(new Fault("Sec-WebSocket-Version", "must be 13", version));
    if (request.getHeader("Sec-WebSocket-Key") == null) faults.add(new Fault("Sec-WebSocket-Key", "must be there", null));
    if (faults.isEmpty()) return true;
    context.response().putHeader("Sec-WebSocket-Version", "13");
    problem(context, Problem.invalid(faults));
    return false;
  }

  /// Whether a body is of a media type, whatever its parameters.
  ///
  /// @param given a `Content-Type`; null: none was given
  public static boolean isOf(String given, String type) { return given != null && given.split(";", 2)[0].strip().equalsIgnoreCase(type); }

  /// Pings, where the socket takes something now.
  ///
  /// @return whether it does
  public static boolean ping(ServerWebSocket socket) {
    if (socket.isClosed() || socket.writeQueueFull()) return false;
    socket.writePing(Buffer.buffer());
    return true;
  }

  /// Ends a connection at once; its own `close` waits until all is sent, which may be never. What is not sent is lost.
  public static void cut(HttpConnection connection) { ((ConnectionBase) connection).channelHandlerContext().close(); }

  /// The socket of a handshake. Its connection ends where the other side pings on and reads nothing: what its pings are answered with is held back by nothing.
  public static Future<ServerWebSocket> socket(HttpServerRequest request) {
    var channel = ((ConnectionBase) request.connection()).channelHandlerContext().channel();
    var unread = new AtomicInteger();
    return request.toWebSocket().onSuccess(socket -> socket.frameHandler(frame -> {
      if (!frame.isPing()) return;
      if (channel.isWritable()) unread.set(0);
      else if (unread.incrementAndGet() > PINGS) channel.pipeline().firstContext().close(); // no last words, which would wait too
    }));
  }

  /// What still comes is passed over for a moment, so that the answer arrives before the connection ends.
  private static void tooLarge(RoutingContext context) {
    var connection = context.request().connection();
    if (context.request().version() != HttpVersion.HTTP_2) {
      context.response().putHeader("Connection", "close");
      context.vertx().setTimer(LAST_WORDS.toMillis(), _ -> connection.close());
    }
    problem(context, Problem.tooLarge("a body here has at most " + MAX_BODY + " bytes", Map.of()));
  }

  /// Answers a request whose body does not come to its end in time, and ends its connection; for handlers of floods too.
  public static void tooSlow(HttpServerRequest request) {
    var response = request.response();
    if (response.ended() || response.closed()) return;
    response.putHeader("Connection", "close");
    problem(response, Problem.tooSlow("a body has to come whole within " + BODY_WAIT.toSeconds() + " s"),
        response.headers().get("X-Request-Id"));
    request.connection().close();
  }

  private void take(RoutingContext context, OpenApi.Operation operation, Endpoint endpoint, Buffer buffer) {
    var faults = new ArrayList<Fault>();
    document.ids(operation, context.pathParams(), faults);
    if (!faults.isEmpty()) {
      problem(context, Problem.notFound("there is no " + context.request().path() + ": its "
          + faults.getFirst().field() + " " + faults.getFirst().message(), faults, Map.of()));
      return;
    }
    var query = document.query(operation, context.queryParams(), faults);
    document.headers(operation, context.request()::getHeader, faults);
    JsonObject body = null;
    if (operation.bodySchema() != null && (buffer.length() > 0 || operation.bodyRequired())) {
      var type = context.request().getHeader("Content-Type");
      if (buffer.length() > 0 && !isOf(type, "application/json")) {
        problem(context, Problem.unsupportedMediaType("application/json", type));
        return;
      }
      try {
        body = new JsonObject(Json.object(buffer));
        faults.addAll(document.faults(operation, body));
      } catch (IllegalArgumentException e) {
        faults.add(new Fault("body", "must be a JSON object: " + e.getMessage(), null));
      }
    }
    if (!faults.isEmpty()) {
      problem(context, Problem.invalid(faults));
      return;
    }
    if (!room.tryAcquire()) {
      problem(context, Problem.unavailable("too many requests at once; try again"));
      return;
    }
    run(context, operation, endpoint, new Call(context, body, query, new Attempt(chassis.ids(), false)), buffer);
  }

  private void run(RoutingContext context, OpenApi.Operation operation, Endpoint endpoint, Call call, Buffer body) {
    Context loop = Vertx.currentContext();
    chassis.threads().execute(() -> {
      Object result;
      try {
        var key = call.header("Idempotency-Key");
        result = Trace.within(Trace.next(call.header("traceparent")), () -> operation.method().equals("POST") && key.isPresent()
            ? idempotency.once(call.actor(), context.normalizedPath(), key.get(), body, attempt -> endpoint.answer(call.as(attempt)))
            : endpoint.answer(call));
      } catch (Throwable e) {
        result = problemOf(e, context);
      } finally {
        room.release();
      }
      var answer = result;
      loop.runOnContext(_ -> {
        if (answer instanceof Problem problem) problem(context, problem);
        else
          send(context, (Answer) answer);
      });
    });
  }

  /// What a failure is to the caller. An unexpected one is logged; the caller sees no stack trace. For raw handlers too.
  public static Problem problemOf(Throwable e, RoutingContext context) {
    if (e instanceof ProblemException p) return p.problem();
    if (e instanceof HttpException h && h.getStatusCode() == 400) return malformed();
    if (e instanceof PgException p && ("22021".equals(p.getSqlState()) || "22P05".equals(p.getSqlState())))
      return Problem.invalid("request", "must not hold the character U+0000", null);
    if (e instanceof Outage outage) {
      log.atDebug().addKeyValue("path", context.request().path()).log("Away: {}", outage.getMessage());
      return Problem.unavailable(outage.getMessage());
    }
    log.atError().addKeyValue("path", context.request().path()).addKeyValue("request", context.<String>get("request_id")).setCause(e)
        .log("A request failed");
    return new Problem("internal", "Something is wrong with this service", 500,
        "the request " + context.get("request_id") + " failed; the service's log says why", List.of(), Map.of());
  }

  /// For raw handlers that take a POST part by part: does a part, or answers it as it was answered first under the caller's `Idempotency-Key`. An answer of
  /// 500 and above is not kept. Blocks; call on a virtual thread.
  ///
  /// @param part where it begins
  /// @param body what was sent in it
  /// @return of a repeat the body is a [Buffer] of its JSON
  public Answer once(RoutingContext context, long part, Buffer body, Attempt.Work work) throws Exception {
    var key = context.request().getHeader("Idempotency-Key");
    return key == null
        ? work.by(new Attempt(chassis.ids(), false))
        : idempotency.once(Call.actor(context), context.normalizedPath() + "#" + part, key, body, work);
  }

  private void requestId(RoutingContext context) {
    name(context);
    context.next();
  }

  private void name(RoutingContext context) {
    var given = context.request().getHeader("X-Request-Id");
    var id = given != null && Ids.isId(given) ? given : chassis.ids().next();
    context.put("request_id", id);
    context.response().putHeader("X-Request-Id", id);
  }

  /// Turns away a browser that asks for a page of elsewhere. A page of anywhere may open a socket to here, and a name of anywhere may be made to mean this machine; in
  /// neither case would the browser itself keep the page from reading.
  private void stranger(RoutingContext context) {
    var request = context.request();
    var authority = request.authority();
    var origin = request.getHeader("Origin");
    if (request.canUpgradeToWebSocket() && origin != null && (authority == null || !origin.toLowerCase(Locale.ROOT)
        .matches("https?://" + Pattern.quote(authority.host().toLowerCase(Locale.ROOT)) + "(:\\d+)?")))
      problem(context, Problem.forbidden("a page of " + origin + " may open no socket here", Map.of()));
    else if (onlyHere && authority != null && !NEAR.matcher(authority.host()).matches())
      problem(context, new Problem("misdirected", "The name is not that of this service", 421,
          "this listens for its own machine only, which is called localhost or 127.0.0.1, not " + authority.host(), List.of(), Map.of()));
    else
      context.next();
  }

  /// Vert.x refuses by itself, before any handler, what names no host (400) or no path (400, 404).
  private void failed(RoutingContext context) {
    if (context.get("request_id") == null) name(context);
    var failure = context.failure();
    if (failure == null) context.next();
    else
      problem(context, context.statusCode() == 400 ? malformed() : problemOf(failure, context));
  }

  static void send(RoutingContext context, Answer answer) {
    var response = context.response();
    if (response.ended() || response.closed()) return;
    response.setStatusCode(answer.status());
    answer.headers().forEach(response::putHeader);
    if (answer.body() == null) response.end();
    else
      response.putHeader("Content-Type", "application/json").end(answer.body() instanceof Buffer b ? b : Json.buffer(answer.body()));
  }

  /// Answers a problem; for raw handlers too.
  public static void problem(RoutingContext context, Problem problem) { problem(context.response(), problem, context.get("request_id")); }

  /// A problem's members as RFC 9457 wants them, its extensions beside the others.
  public static Map<String, Object> members(Problem problem) {
    var members = new LinkedHashMap<String, Object>();
    members.put("type", "https://sluice.dev/problems/" + problem.type());
    members.put("title", problem.title());
    members.put("status", problem.status());
    members.put("detail", problem.detail());
    if (!problem.errors().isEmpty()) members.put("errors", problem.errors());
    problem.extra().forEach(members::putIfAbsent);
    return members;
  }

  private static void problem(HttpServerResponse response, Problem problem, String requestId) {
    if (response.ended() || response.closed()) return;
    var body = members(problem);
    body.put("request_id", requestId);
    if (problem.status() == 503) response.putHeader("Retry-After", "1");
    response.setStatusCode(problem.status()).putHeader("Content-Type", "application/problem+json").end(Json.buffer(body));
  }

  @Override
  public void close() {
    servers.forEach(server -> Await.on(server.close(), Duration.ofSeconds(10), "closing the server"));
  }
}
