package dev.sluice.health.api;

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
import io.vertx.core.parsetools.RecordParser;
import io.vertx.ext.web.RoutingContext;
import io.vertx.pgclient.PgException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/// Enrols a line at a time: NDJSON in, NDJSON out, in the same order. Reads no more while 500 lines are enrolled or the reader does not take the answers, so memory
/// is bounded however many lines come.
final class BulkEnrolment {
  private static final int LINES = 500;
  private static final int MAX_LINE = 16 << 10;
  private final OpenApi document;
  private final Enrolments enrolments;
  private final Executor threads;

  BulkEnrolment(OpenApi document, Enrolments enrolments, Executor threads) {
    this.document = document;
    this.enrolments = enrolments;
    this.threads = threads;
  }

  void handle(RoutingContext context) {
    var type = context.request().getHeader("Content-Type");
    if (type == null || !type.split(";")[0].strip().equalsIgnoreCase("application/x-ndjson")) {
      Http.problem(context, new Problem("unsupported-media-type", "The media type does not fit", 415,
          "send Content-Type: application/x-ndjson, not " + type, List.of(), Map.of()));
      return;
    }
    new Stream(context).begin();
  }

  /// One call. Lives on its event loop; lines are enrolled on virtual threads, one portion at a time.
  private final class Stream {
    private final RoutingContext context;
    private final HttpServerRequest request;
    private final String actor;
    private final Context loop = Vertx.currentContext();
    private List<Buffer> lines = new ArrayList<>();
    private long number;
    private boolean working;
    private boolean ended;

    Stream(RoutingContext context) {
      this.context = context;
      this.request = context.request();
      this.actor = Call.actor(context);
    }

    void begin() {
      context.response().setChunked(true).putHeader("Content-Type", "application/x-ndjson");
      var parser = RecordParser.newDelimited("\n", request).maxRecordSize(MAX_LINE);
      parser.exceptionHandler(_ -> tooLong());
      parser.handler(line -> {
        lines.add(line);
        if (lines.size() >= LINES) {
          request.pause();
          work();
        }
      });
      parser.endHandler(_ -> {
        ended = true;
        work();
      });
    }

    private void tooLong() {
      if (ended) return;
      ended = true;
      request.pause();
      lines.add(null);
      work();
    }

    private void work() {
      if (working || context.response().closed()) return;
      if (lines.isEmpty()) {
        if (ended) context.response().end();
        return;
      }
      working = true;
      var portion = lines;
      lines = new ArrayList<>();
      long first = number + 1;
      number += portion.size();
      threads.execute(() -> {
        var answer = answer(portion, first);
        loop.runOnContext(_ -> write(answer));
      });
    }

    private void write(Buffer answer) {
      working = false;
      var response = context.response();
      if (response.closed()) return;
      var _ = response.write(answer);
      if (response.writeQueueFull()) response.drainHandler(_ -> more());
      else
        more();
    }

    private void more() {
      if (ended || lines.size() >= LINES) work();
      else
        request.resume();
    }

    private Buffer answer(List<Buffer> portion, long first) {
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
        } else if (read instanceof Problem problem) answer.put("problem", problem);
        else
          answers.removeLast();
      }
      var outcomes = outcomes(wishes);
      for (int i = 0; i < outcomes.size(); i++) {
        var answer = answers.get(places.get(i));
        if (outcomes.get(i).refusal() != null) answer.put("problem", outcomes.get(i).refusal());
        else
          answer.putAll(Json.map(outcomes.get(i).enrolled()));
      }
      var out = Buffer.buffer();
      answers.forEach(answer -> out.appendBuffer(Json.buffer(answer)).appendByte((byte) '\n'));
      return out;
    }

    private List<Enrolments.Outcome> outcomes(List<Enrolments.Wish> wishes) {
      try {
        return wishes.isEmpty() ? List.of() : enrolments.enrol(wishes, actor);
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
      if (line == null) return Problem.invalid("line", "must have at most " + MAX_LINE + " bytes; nothing after it was read", null);
      Map<String, Object> map;
      try {
        map = Json.map(line.toString());
      } catch (IllegalArgumentException e) {
        return Problem.invalid(List.of(new Fault("line", "must be a JSON object", null)));
      }
      if (map == null) return Problem.invalid(List.of(new Fault("line", "must be a JSON object", null)));
      var faults = document.faults("enrolInstance", map);
      return faults.isEmpty() ? Json.convert(map, Enrolments.Wish.class) : Problem.invalid(faults);
    }
  }
}
