package dev.sluice.health.api;

import dev.sluice.chassis.Http;
import dev.sluice.contract.Problem;
import dev.sluice.health.ingest.Assigned;
import dev.sluice.health.ingest.Cell;
import dev.sluice.health.ingest.Teller;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// One socket for each agent: heartbeats up, instructions down. The frames are described in the OpenAPI document.
final class AgentSocket {
  private static final short VOID_TOKEN = 4401;
  private static final short GOING_AWAY = 1001;
  private static final short NOT_SO = 1008;
  /// Of one instance, here: its own, and one that it left without a word, or that of another machine under its identity.
  private static final int SOCKETS = 2;
  private static final int MAX_FRAME = 64 << 10;
  private static final long RETRY_MS = 500;
  /// How often an agent is pinged that is seldom heard: a connection on which nothing goes for two minutes is closed.
  private static final long PING_MS = 30_000;
  private final Vertx vertx;
  private final AgentDoor door;
  private final HeartbeatIngest ingest;
  private final Teller teller;
  private final AgentAnswers answers;
  private final Set<Line> lines = ConcurrentHashMap.newKeySet();

  AgentSocket(Vertx vertx, AgentDoor door, HeartbeatIngest ingest, Teller teller, AgentAnswers answers) {
    this.vertx = vertx;
    this.door = door;
    this.ingest = ingest;
    this.teller = teller;
    this.answers = answers;
  }

  void handle(RoutingContext context) {
    var id = Http.query(context, "instance_id").orElseThrow().toString();
    if (!Http.handshake(context)) return;
    var request = context.request().pause();
    var loop = Vertx.currentContext();
    door.enter(request, id).onSuccess(entry -> loop.runOnContext(_ -> {
      if (entry.refusal() != null) {
        request.resume();
        if (entry.refusal().status() == 401) context.response().putHeader("WWW-Authenticate", "Bearer");
        Http.problem(context, entry.refusal());
      } else
        Http.socket(request).onSuccess(socket -> new Line(socket, loop, entry).open());
    }));
  }

  int open() { return lines.size(); }

  /// Closes every socket: the service stops.
  void close() { lines.forEach(line -> line.socket.close(GOING_AWAY, "the service stops; come again")); }

  /// One agent's socket. Lives on its event loop.
  private final class Line implements Cell.Listener {
    private final ServerWebSocket socket;
    private final Context loop;
    private final AgentDoor.Entry entry;
    private final Cell cell;
    private final Map<String, Long> toldHere = new HashMap<>();
    private boolean asking;
    private boolean closed;
    private long retry = -1;
    private long pings = -1;
    private boolean answered = true;

    Line(ServerWebSocket socket, Context loop, AgentDoor.Entry entry) {
      this.socket = socket;
      this.loop = loop;
      this.entry = entry;
      this.cell = entry.cell();
    }

    void open() {
      lines.add(this);
      socket.textMessageHandler(this::frame);
      socket.closeHandler(_ -> {
        closed = true;
        lines.remove(this);
        cell.ignore(this);
        if (retry >= 0) vertx.cancelTimer(retry);
        if (pings >= 0) vertx.cancelTimer(pings);
      });
      if (answers.intervalSec() * 1_000L > PING_MS) {
        socket.pongHandler(_ -> answered = true);
        pings = vertx.setPeriodic(PING_MS, _ -> ping());
      }
      cell.listen(this, SOCKETS);
      look();
    }

    /// Who does not answer is not there any more, and must be handed nothing.
    private void ping() {
      if (!answered) {
        closed = true;
        cell.ignore(this);
        socket.close(NOT_SO, "the last ping was not answered");
      } else
        answered = !Http.ping(socket);
    }

    private void frame(String text) {
      if (closed) return;
      if (text.length() > MAX_FRAME) {
        problem(Problem.tooLarge("a frame has at most " + MAX_FRAME + " bytes", Map.of()));
        return;
      }
      var reader = new HeartbeatReader();
      var heartbeat = reader.read(text.getBytes(StandardCharsets.UTF_8));
      if (heartbeat == null) {
        problem(Problem.invalid(reader.faults()));
        return;
      }
      if (ended()) return;
      var heard = ingest.hear(entry, heartbeat);
      if (heard.refusal() != null) problem(heard.refusal());
      else if (heard.told().succeeded()) heard(heartbeat.sequence(), heard.told().result());
      else
        heard.told().onSuccess(told -> loop.runOnContext(_ -> heard(heartbeat.sequence(), told)));
    }

    /// Ends the socket of a token that is void.
    private boolean ended() {
      if (entry.holds()) return false;
      socket.close(VOID_TOKEN, "the instance was decommissioned; its token is void");
      return true;
    }

    private void heard(long sequence, List<Assigned> told) {
      told.forEach(a -> toldHere.put(a.moduleId(), a.generation()));
      send(answers.heardFrame(sequence, told).toString());
    }

    @Override
    public void mayHaveChanged() { loop.runOnContext(_ -> look()); }

    @Override
    public void leave() { loop.runOnContext(_ -> socket.close(NOT_SO, "newer sockets of the instance took its place")); }

    private void look() {
      if (closed || asking || ended()) return;
      if (!teller.mayTell(cell)) return;
      asking = true;
      teller.tell(cell).onSuccess(told -> loop.runOnContext(_ -> {
        asking = false;
        if (closed || ended()) return;
        var news = told.stream().filter(a -> toldHere.getOrDefault(a.moduleId(), -1L) < a.generation()).toList();
        if (!news.isEmpty()) {
          news.forEach(a -> toldHere.put(a.moduleId(), a.generation()));
          send(answers.desiredFrame(news).toString());
        } else if (told.isEmpty()) again();
      }));
    }

    /// What was refused may be delivered a moment later.
    private void again() {
      if (retry < 0 && !closed) retry = vertx.setTimer(RETRY_MS, _ -> {
        retry = -1;
        look();
      });
    }

    private void problem(Problem problem) {
      send(AgentProblems.body(problem, Map.of("type", "problem", "problem", problem.type())).toString());
    }

    private void send(String text) {
      if (closed) return;
      if (socket.writeQueueFull()) socket.close(NOT_SO, "the reader is too slow");
      else {
        var _ = socket.writeTextMessage(text);
      }
    }
  }
}
