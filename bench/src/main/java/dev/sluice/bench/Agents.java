package dev.sluice.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The instances of a benchmark in a process of their own, since a process may hold only so many sockets. Each has its socket at `WS /v1/agents`, reports what
/// is desired as running and healthy the moment it is told, and keeps when that was.
///
/// It reads `PORT DIGEST`, then a token a line and an empty line. It says `ready` when all have reported. Then it answers each line that it reads by a line
/// `INSTANCE TOLD SENT` (nanoseconds of one clock) for each instruction since the last answer, and an empty line.
final class Agents {
  private static final int OPENING = 64;

  /// @param told when the instruction came, @param sent when what it caused was reported
  record Answered(int instance, long told, long sent) {}

  private final PrintStream out;
  private final WebSocketClient sockets;
  private final int port;
  private final long[] sequences;
  private final String[] tokens;
  private List<Answered> answered = new ArrayList<>();
  private int heard;

  private Agents(PrintStream out, Vertx vertx, int port, String[] tokens) {
    this.out = out;
    this.port = port;
    this.tokens = tokens;
    this.sequences = new long[tokens.length];
    this.sockets = vertx.createWebSocketClient(new WebSocketClientOptions().setMaxConnections(tokens.length));
  }

  public static void main(String[] arguments) throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var first = in.readLine().split(" ");
    var tokens = new ArrayList<String>();
    for (String line; !(line = in.readLine()).isEmpty();)
      tokens.add(line);
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    var vertx = Vertx.vertx();
    var agents = new Agents(out, vertx, Integer.parseInt(first[0]), tokens.toArray(String[]::new));
    var loop = vertx.getOrCreateContext();
    loop.runOnContext(_ -> agents.open(first[1]));
    while (in.readLine() != null)
      loop.runOnContext(_ -> agents.tell());
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  private void open(String digest) {
    Future<Void> lanes = Future.succeededFuture();
    for (int lane = 0; lane < OPENING; lane++) {
      int from = lane;
      lanes = Future.join(lanes, open(from, digest)).mapEmpty();
    }
    lanes.onFailure(Agents::end);
  }

  /// One of the lanes that open the sockets: each the next when one is open.
  private Future<Void> open(int i, String digest) {
    if (i >= tokens.length) return Future.succeededFuture();
    return sockets.connect(new WebSocketConnectOptions().setHost("127.0.0.1").setPort(port).setURI("/v1/agents?instance_id=i" + i)
        .addHeader("Authorization", "Bearer " + tokens[i])).compose(socket -> {
          socket.textMessageHandler(frame -> take(i, socket, frame));
          socket.closeHandler(_ -> end(new IllegalStateException("the socket of i" + i + " was closed: " + socket.closeReason())));
          report(i, socket, digest, 1);
          return open(i + OPENING, digest);
        });
  }

  private void take(int i, WebSocket socket, String frame) {
    long told = System.nanoTime();
    JsonNode read;
    try {
      read = Json.mapper().readTree(frame);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException(frame, e);
    }
    if (read.path("type").asText().equals("problem")) end(new IllegalStateException(frame));
    if (read.path("sequence").asLong() == 1 && ++heard == tokens.length) {
      out.println("ready");
      out.flush();
    }
    var desired = read.path("desired").path("nginx");
    if (desired.isMissingNode()) return;
    report(i, socket, desired.path("digest").asText(), desired.path("generation").asLong());
    answered.add(new Answered(i, told, System.nanoTime()));
  }

  private void report(int i, WebSocket socket, String digest, long generation) {
    var _ = socket
        .writeTextMessage("{\"boot_id\":\"b\",\"sequence\":" + ++sequences[i] + ",\"running_module_digests\":{\"nginx\":\"" + digest
            + "\"},\"module_status\":{\"nginx\":{\"state\":\"healthy\",\"generation\":" + generation + "}}}");
  }

  private void tell() {
    answered.forEach(a -> out.println(a.instance + " " + a.told + " " + a.sent));
    answered = new ArrayList<>();
    out.println();
    out.flush();
  }

  private static void end(Throwable why) {
    why.printStackTrace();
    Runtime.getRuntime().halt(1);
  }

  /// Such a process, from outside.
  static final class Remote implements AutoCloseable {
    private final Process process;
    private final BufferedReader in;

    Remote(int port, String digest, String[] tokens) throws IOException {
      process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-Xmx1g", "-cp",
          System.getProperty("java.class.path"), Agents.class.getName()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      in = process.inputReader(StandardCharsets.UTF_8);
      say(port + " " + digest + "\n" + String.join("\n", tokens) + "\n\n");
      if (!"ready".equals(in.readLine())) throw new IOException("the agents could not begin");
    }

    private void say(String text) throws IOException {
      process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    }

    /// What was answered since the last time.
    List<Answered> answered() throws IOException {
      say("\n");
      var all = new ArrayList<Answered>();
      for (String line; !(line = in.readLine()).isEmpty();) {
        var parts = line.split(" ");
        all.add(new Answered(Integer.parseInt(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2])));
      }
      return all;
    }

    @Override
    public void close() {
      process.destroy();
    }
  }
}
