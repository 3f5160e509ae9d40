package dev.sluice.gateway.api;

import dev.sluice.chassis.Http;
import dev.sluice.contract.Problem;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Passes `/v1/...` on to the service that owns it, and the answer back: bytes as they come, in both directions as fast as the slower side takes them, a WebSocket
/// as a tunnel. Headers go through but those that are of one connection (RFC 9110, 7.6.1); `X-Request-Id` is the gateway's.
///
/// A replica that cannot be reached is passed over for the next one; nothing has been sent then. A heartbeat may be told twice, so it goes to another replica too
/// where one does not answer it in time. Where none answers: 503. Lives on the event loop.
public final class Forwarder implements AutoCloseable {
  private static final Set<String> HOP = Set.of("connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
      "te",
      "trailer", "transfer-encoding", "upgrade", "expect");
  /// What is said to the service, whatever a caller calls it: where the body ends, and what a proxy in front may have set.
  private static final Set<String> END_TO_END = Set.of("content-length", "content-type", "authorization", "x-sluice-actor",
      "idempotency-key");
  /// What the gateway says itself.
  private static final Set<String> OURS = Set.of("host", "x-request-id");
  /// What makes a plan.
  private static final Pattern PLANS = Pattern.compile("/v1/(plans|skills/.*|approval-requests/[^/]+)");
  private static final int CONNECT_MS = 2_000;
  /// Longer than a long poll (60 s), so that silence means that the service hangs.
  private static final Duration SILENCE = Duration.ofSeconds(75);
  /// Longer than a plan of the largest fleet may take.
  private static final Duration PLAN_SILENCE = Duration.ofSeconds(125);
  /// Longer than the server's own limit, which ends a silent socket first.
  private static final Duration SOCKET_SILENCE = Duration.ofSeconds(150);
  /// How long who is refused in the middle of an upload may send on before his connection ends.
  private static final Duration LAST_WORDS = Duration.ofSeconds(5);
  private static final int CONNECTIONS = 16_384;
  /// Bodies that are kept until they are answered.
  private static final int SMALL = 1 << 16;
  private final Vertx vertx;
  private final Duration bodyWait;
  private final HttpClient calls;
  /// Each agent may hold one: they must not take the connections of heartbeats.
  private final HttpClient polls;
  private final HttpClient plans;
  private final HttpClient sockets;

  public Forwarder(Vertx vertx) { this(vertx, Http.BODY_WAIT); }

  /// @param bodyWait how long a body that is kept until it is answered may take to come
  Forwarder(Vertx vertx, Duration bodyWait) {
    this.vertx = vertx;
    this.bodyWait = bodyWait;
    this.calls = client(vertx, SILENCE);
    this.polls = client(vertx, SILENCE);
    this.plans = client(vertx, PLAN_SILENCE);
    this.sockets = client(vertx, SOCKET_SILENCE);
  }

  private static HttpClient client(Vertx vertx, Duration silence) {
    return vertx.createHttpClient(
        new HttpClientOptions().setConnectTimeout(CONNECT_MS).setIdleTimeout((int) silence.toSeconds()).setMaxHeaderSize(32_768)
            .setKeepAliveTimeout(30),
        new PoolOptions().setHttp1MaxSize(CONNECTIONS).setMaxWaitQueueSize(0));
  }

  /// Passes a request on.
  public void forward(RoutingContext context, Upstream upstream) {
    var request = context.request();
    request.pause();
    boolean socket = request.method() == HttpMethod.GET && request.headers().contains(HttpHeaders.UPGRADE, "websocket", true);
    connect(socket ? sockets : clientFor(request), request, upstream, upstream.inTurn().iterator()).onSuccess(reached -> {
      var out = reached.out();
      prepare(context, out);
      out.response().onSuccess(_ -> upstream.reached(reached.replica()));
      if (socket) tunnel(context, upstream, out);
      else
        exchange(context, upstream, out);
    }).onFailure(e -> away(context, upstream));
  }

  private HttpClient clientFor(HttpServerRequest request) {
    if (request.method() == HttpMethod.GET) return request.path().endsWith("/desired") ? polls : calls;
    return PLANS.matcher(request.path()).matches() ? plans : calls;
  }

  /// Passes on a request that changes nothing when it is told twice: who does not answer within the patience is passed over for a while, and the next replica is
  /// asked too; one that is passed over itself only after as long again. The first answer counts, a refusal (5xx) only where nobody else may answer.
  public void forwardTwice(RoutingContext context, Upstream upstream, Duration patience) {
    var request = context.request();
    var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    boolean small = length != null && length.matches("\\d{1,5}") && Integer.parseInt(length) <= SMALL;
    if (!small || request.headers().contains(HttpHeaders.EXPECT)) forward(context, upstream);
    else {
      long overdue = vertx.setTimer(bodyWait.toMillis(), _ -> Http.tooSlow(request));
      request.body().onComplete(_ -> vertx.cancelTimer(overdue)).onSuccess(body -> new Asking(context, upstream, patience, body).next());
    }
  }

  /// One request to several replicas, one after the other.
  private final class Asking {
    private final RoutingContext context;
    private final Upstream upstream;
    private final Duration patience;
    private final Buffer body;
    private final List<Upstream.Replica> left;
    private final List<HttpClientRequest> asked = new ArrayList<>();
    private int open;
    private boolean over;

    Asking(RoutingContext context, Upstream upstream, Duration patience, Buffer body) {
      this.context = context;
      this.upstream = upstream;
      this.patience = patience;
      this.body = body;
      this.left = upstream.inTurn();
      context.response().closeHandler(_ -> {
        if (!context.response().ended()) end(null);
      });
    }

    void next() {
      if (!left.isEmpty()) new Question(left.removeFirst()).ask();
      else if (open == 0) away(context, upstream);
    }

    private void end(HttpClientRequest winner) {
      over = true;
      asked.stream().filter(one -> one != winner).forEach(HttpClientRequest::reset);
    }

    private final class Question {
      private final Upstream.Replica replica;
      private boolean late;
      private long timer;

      Question(Upstream.Replica replica) {
        this.replica = replica;
      }

      void ask() {
        open++;
        timer = vertx.setTimer(patience.toMillis(), _ -> patienceEnds());
        Future.succeededFuture().compose(_ -> calls.request(options(context.request(), replica))).compose(this::send).onFailure(e -> {
          if (!over && !late) away(upstream, replica, e);
          ended();
        });
      }

      private void patienceEnds() {
        if (over) return;
        boolean again = late;
        late = true;
        upstream.away(replica);
        var other = left.stream().filter(one -> again || !upstream.rests(one)).findFirst();
        if (other.isPresent()) {
          left.remove(other.get());
          new Question(other.get()).ask();
        } else if (!again && !left.isEmpty()) timer = vertx.setTimer(patience.toMillis(), _ -> patienceEnds());
      }

      private Future<HttpClientResponse> send(HttpClientRequest out) {
        prepare(context, out);
        if (over) {
          out.reset();
          return Future.failedFuture("answered meanwhile");
        }
        asked.add(out);
        copy(context.request().headers(), out.headers(), ofOneConnection(context.request().headers()));
        return out.send(body).onSuccess(in -> take(in, out));
      }

      private void take(HttpClientResponse in, HttpClientRequest out) {
        if (!late) upstream.reached(replica);
        if (over) return;
        if (in.statusCode() >= 500 && (!left.isEmpty() || open > 1)) {
          in.resume();
          ended();
          return;
        }
        vertx.cancelTimer(timer);
        end(out);
        answer(context, in, out);
      }

      /// Nothing more is to be hoped for from this one.
      private void ended() {
        open--;
        boolean waitedFor = vertx.cancelTimer(timer);
        if (!over && (waitedFor || open == 0)) next();
      }
    }
  }

  private record Reached(Upstream.Replica replica, HttpClientRequest out) {}

  private static Future<Reached> connect(HttpClient client, HttpServerRequest request, Upstream upstream,
      Iterator<Upstream.Replica> replicas) {
    var replica = replicas.next();
    return client.request(options(request, replica)).map(out -> new Reached(replica, out)).recover(e -> {
      away(upstream, replica, e);
      return replicas.hasNext() ? connect(client, request, upstream, replicas) : Future.failedFuture(e);
    });
  }

  /// Where our own connections are all in use, nothing is known of the replica.
  private static void away(Upstream upstream, Upstream.Replica replica, Throwable why) {
    if (!(why instanceof ConnectionPoolTooBusyException)) upstream.away(replica);
  }

  private static RequestOptions options(HttpServerRequest request, Upstream.Replica replica) {
    var address = replica.address();
    return new RequestOptions().setHost(address.getHost()).setPort(address.getPort()).setMethod(request.method()).setURI(request.uri());
  }

  private static void prepare(RoutingContext context, HttpClientRequest out) {
    out.exceptionHandler(_ -> {}); // its response says the same
    out.putHeader("X-Request-Id", context.<String>get("request_id"));
  }

  private void exchange(RoutingContext context, Upstream upstream, HttpClientRequest out) {
    var request = context.request();
    var response = context.response();
    if (response.closed()) { // who went while a replica was looked for is not heard of any more
      out.reset();
      return;
    }
    boolean uploads = hasBody(request);
    copy(request.headers(), out.headers(), ofOneConnection(request.headers()));
    Http.goOn(context.request());
    response.exceptionHandler(_ -> out.reset());
    response.closeHandler(_ -> {
      if (!response.ended()) out.reset();
    });
    out.response().onSuccess(in -> answer(context, in, out).onComplete(_ -> {
      if (uploads && !request.isEnded()) passOver(request, out);
    })).onFailure(_ -> away(context, upstream));
    if (uploads) {
      out.setChunked(request.getHeader(HttpHeaders.CONTENT_LENGTH) == null);
      // an upload that breaks off shows in the response: either side has gone, or the service has answered without reading on
      var _ = request.pipe().endOnFailure(false).to(out).onFailure(_ -> {
        if (!response.headWritten()) request.resume();
      });
    } else {
      var _ = out.end();
      request.resume();
    }
  }

  /// Ends an upload that was answered before its end. No other request could follow it to the service, so that connection ends at once. Here what still comes is
  /// passed over for a moment: the answer arrives before the connection ends, also to one who first sends all.
  private void passOver(HttpServerRequest request, HttpClientRequest out) {
    Http.cut(out.connection());
    request.handler(null).endHandler(null).resume();
    vertx.setTimer(LAST_WORDS.toMillis(), _ -> request.connection().close());
  }

  private static boolean hasBody(HttpServerRequest request) {
    var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return length != null ? !length.equals("0") : request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
  }

  /// @return done when all is sent, or will not be
  private static Future<Void> answer(RoutingContext context, HttpClientResponse in, HttpClientRequest out) {
    var response = context.response();
    if (response.ended() || response.closed()) return out.reset();
    head(context, in);
    int status = in.statusCode();
    if (!context.request().isEnded()) response.putHeader(HttpHeaders.CONNECTION, "close");
    if (context.request().method() == HttpMethod.HEAD || status == 204 || status == 304) {
      in.resume();
      return response.end();
    }
    // what the service did not compress is not compressed here: ranges and entity tags stay true
    if (!in.headers().contains(HttpHeaders.CONTENT_ENCODING)) response.putHeader(HttpHeaders.CONTENT_ENCODING, "identity");
    if (!in.headers().contains(HttpHeaders.CONTENT_LENGTH)) response.setChunked(true);
    return in.pipe().endOnFailure(false).to(response).onFailure(_ -> {
      out.reset();
      response.reset();
    });
  }

  private static void head(RoutingContext context, HttpClientResponse in) {
    var response = context.response();
    response.setStatusCode(in.statusCode()).setStatusMessage(in.statusMessage());
    copy(in.headers(), response.headers(), ofOneConnection(in.headers()));
  }

  private void tunnel(RoutingContext context, Upstream upstream, HttpClientRequest out) {
    var request = context.request();
    copy(request.headers(), out.headers(), Set.of("origin")); // it was looked at here, and would be another one's there
    out.putHeader(HttpHeaders.CONNECTION, "Upgrade"); // alone: beside other words the client does not know it
    out.connect().onSuccess(in -> {
      if (in.statusCode() != 101) {
        request.resume();
        // the connection waits for the end of a request that has none
        answer(context, in, out).onComplete(_ -> Http.cut(out.connection()));
        return;
      }
      var response = context.response();
      response.setStatusCode(101);
      copy(in.headers(), response.headers(), Set.of());
      var there = in.netSocket();
      there.pause();
      request.toNetSocket().onSuccess(here -> join(here, there)).onFailure(_ -> there.close());
    }).onFailure(_ -> away(context, upstream));
  }

  private static void join(NetSocket one, NetSocket other) {
    var _ = one.pipeTo(other).onComplete(_ -> other.close());
    var _ = other.pipeTo(one).onComplete(_ -> one.close());
  }

  private static void away(RoutingContext context, Upstream upstream) {
    var response = context.response();
    context.request().resume();
    if (response.headWritten()) response.reset();
    else
      Http.problem(context, Problem.unavailable("the " + upstream.service() + " does not answer; try again"));
  }

  private static void copy(MultiMap from, MultiMap to, Set<String> dropped) {
    for (var header : from) {
      var name = header.getKey().toLowerCase(Locale.ROOT);
      if (!dropped.contains(name) && !OURS.contains(name)) to.add(header.getKey(), header.getValue());
    }
  }

  /// The headers of one connection: the known ones, and those that `Connection` names.
  private static Set<String> ofOneConnection(MultiMap headers) {
    var names = new TreeSet<>(HOP);
    for (var line : headers.getAll(HttpHeaders.CONNECTION))
      for (var name : line.split(","))
        names.add(name.strip().toLowerCase(Locale.ROOT));
    names.removeAll(END_TO_END);
    return names;
  }

  @Override
  public void close() {
    var _ = calls.close();
    var _ = polls.close();
    var _ = plans.close();
    var _ = sockets.close();
  }
}
