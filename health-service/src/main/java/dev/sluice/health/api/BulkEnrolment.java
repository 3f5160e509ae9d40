package dev.sluice.health.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Attempt;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Json;
import dev.sluice.chassis.OpenApi;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Fault;
import dev.sluice.contract.Problem;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import io.vertx.pgclient.PgException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/// Enrols a line at a time: NDJSON in, NDJSON out, in the same order. Lines that come while others are enrolled go together. Reads no more while 500 lines wait or the
/// reader does not take the answers, so memory is bounded however many lines come. Under an `Idempotency-Key` lines wait until they are 500 or the last, and each
/// such portion is kept with its answer, so that a call that broke off can be repeated whole: what was enrolled is answered as it was first, tokens included, and the
/// rest is enrolled.
final class BulkEnrolment {
  private static final int LINES = 500;
  private static final int MAX_LINE = 16 << 10;
  /// Stands for a line that was not read whole.
  private static final Buffer TOO_LONG = Buffer.buffer("too long");
  private final OpenApi document;
  private final Enrolments enrolments;
  private final Http http;
  private final Executor threads;

  BulkEnrolment(OpenApi document, Enrolments enrolments, Http http, Executor threads) {
    this.document = document;
    this.enrolments = enrolments;
    this.http = http;
    this.threads = threads;
  }

  void handle(RoutingContext context) {
    var type = context.request().getHeader("Content-Type");
    if (!Http.isOf(type, "application/x-ndjson")) {
      Http.problem(context, Problem.unsupportedMediaType("application/x-ndjson", type));
      return;
    }
    new Stream(context).begin();
  }

  /// One call. Lives on its event loop; lines are enrolled on virtual threads, one portion at a time.
  private final class Stream {
    private final RoutingContext context;
    private final HttpServerRequest request;
    private final String actor;
    private final boolean keyed;
    private final Context loop = Vertx.currentContext();
    private List<Buffer> lines = new ArrayList<>();
    private long number;
    private boolean working;
    private boolean ended;

    Stream(RoutingContext context) {
      this.context = context;
      this.request = context.request();
      this.actor = Call.actor(context);
      this.keyed = request.getHeader("Idempotency-Key") != null;
    }

    void begin() {
      Http.goOn(request);
      context.response().setChunked(true).putHeader("Content-Type", "application/x-ndjson");
      var reading = new Lines(MAX_LINE);
      request.exceptionHandler(_ -> brokeOff());
      request.handler(chunk -> {
        if (ended) return;
        if (!reading.take(chunk, lines::add)) {
          tooLong();
          return;
        }
        if (lines.size() >= LINES) request.pause();
        if (due()) work();
      });
      request.endHandler(_ -> {
        if (!ended && reading.rest().length() > 0) lines.add(reading.rest());
        ended = true;
        work();
      });
    }

    /// What still comes is passed over, so that the answer arrives and the connection serves whoever is next.
    private void tooLong() {
      if (ended) return;
      ended = true;
      request.handler(_ -> {}).resume();
      lines.add(TOO_LONG);
      work();
    }

    /// Nobody hears an answer: lines that would be a portion with others that did not come are not enrolled, for they would not be the same when they come again.
    private void brokeOff() {
      ended = true;
      lines = List.of();
    }

    private boolean due() { return ended || lines.size() >= LINES || !keyed && !lines.isEmpty(); }

    private void work() {
      if (working || context.response().ended() || context.response().closed()) return;
      if (lines.isEmpty()) {
        if (ended) context.response().end();
        return;
      }
      working = true;
      // under a key always as many as there can be, so that the same lines make the same portions
      var portion = List.copyOf(lines.subList(0, Math.min(LINES, lines.size())));
      lines = new ArrayList<>(lines.subList(portion.size(), lines.size()));
      long first = number + 1;
      number += portion.size();
      threads.execute(() -> {
        try {
          var answer = text(once(portion, first));
          loop.runOnContext(_ -> write(answer));
        } catch (Throwable e) {
          var problem = Http.problemOf(e, context);
          loop.runOnContext(_ -> refuse(problem, first));
        }
      });
    }

    private List<?> once(List<Buffer> portion, long first) throws Exception {
      var sent = Buffer.buffer();
      portion.forEach(line -> sent.appendBuffer(line).appendByte((byte) '\n'));
      var body = http.once(context, first, sent, attempt -> {
        var answers = answers(portion, first, attempt);
        boolean away = answers.stream().anyMatch(a -> a.get("problem") instanceof Map<?, ?> p && (int) p.get("status") >= 500);
        return new Answer(away ? 503 : 200, answers, Map.of());
      }).body();
      return body instanceof Buffer kept ? Json.read(kept.toString(), List.class) : (List<?>) body;
    }

    private static Buffer text(List<?> answers) {
      var out = Buffer.buffer();
      answers.forEach(answer -> out.appendBuffer(Json.buffer(answer)).appendByte((byte) '\n'));
      return out;
    }

    /// Ends the call: as a whole where nothing was answered yet, else with a last line.
    private void refuse(Problem problem, long first) {
      if (!ended) request.handler(_ -> {}).resume(); // what still comes is passed over
      ended = true;
      lines = List.of();
      if (!context.response().headWritten()) Http.problem(context, problem);
      else
        write(text(List.of(Map.of("line", first, "problem", Http.members(problem)))));
    }

    private void write(Buffer answer) {
      var response = context.response();
      if (response.closed()) return;
      var _ = response.write(answer);
      if (response.writeQueueFull()) response.drainHandler(_ -> more());
      else
        more();
    }

    private void more() {
      working = false;
      if (due()) work();
      if (!ended && lines.size() < LINES) request.resume();
    }

    private List<Map<String, Object>> answers(List<Buffer> portion, long first, Attempt attempt) {
      var answers = new ArrayList<Map<String, Object>>();
      var wishes = new ArrayList<Enrolments.Wish>();
      var places = new ArrayList<Integer>();
      for (int i = 0; i < portion.size(); i++) {
        var answer = new LinkedHashMap<String, Object>();
        answer.put("line", first + i);
        answers.add(answer);
        var read = read(portion.get(i));
        if (read instanceof Enrolments.Wish wish) {
          wishes.add(wish);
          places.add(i);
        } else if (read instanceof Problem problem) answer.put("problem", Http.members(problem));
      }
      var outcomes = outcomes(wishes, attempt);
      for (int i = 0; i < outcomes.size(); i++) {
        var answer = answers.get(places.get(i));
        if (outcomes.get(i).refusal() != null) answer.put("problem", Http.members(outcomes.get(i).refusal()));
        else
          answer.putAll(Json.map(outcomes.get(i).enrolled()));
      }
      return answers;
    }

    private List<Enrolments.Outcome> outcomes(List<Enrolments.Wish> wishes, Attempt attempt) {
      try {
        return wishes.isEmpty() ? List.of() : enrolments.enrol(wishes, actor, attempt);
      } catch (Outage e) {
        return all(wishes, Problem.unavailable(e.getMessage()));
      } catch (PgException e) {
        return all(wishes, Problem.invalid("line", "must not hold the character U+0000, nor must the lines sent with it", null));
      }
    }

    private static List<Enrolments.Outcome> all(List<Enrolments.Wish> wishes, Problem problem) {
      var outcome = new Enrolments.Outcome(null, problem);
      return wishes.stream().map(_ -> outcome).toList();
    }

    /// @return a wish or the problem with the line
    private Object read(Buffer line) {
      if (line == TOO_LONG) return Problem.invalid("line", "must have at most " + MAX_LINE + " bytes; nothing after it was read", null);
      Map<String, Object> map;
      try {
        map = Json.object(line);
      } catch (IllegalArgumentException e) {
        return Problem.invalid(List.of(new Fault("line", "must be a JSON object: " + e.getMessage(), null)));
      }
      var faults = document.faults("enrolInstance", map);
      return faults.isEmpty() ? Json.convert(map, Enrolments.Wish.class) : Problem.invalid(faults);
    }
  }
}
