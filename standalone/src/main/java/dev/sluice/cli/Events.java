package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Shows events: what there was, and what comes.
@Command(name = "events", description = "Show events, oldest first. JSON is one event a line. A stream that is cut off goes on after the last event seen.")
final class Events implements Callable<Integer> {
  private static final int PAGE = 1000;
  private static final Set<String> ENVELOPE = Set.of("id", "kind", "severity", "occurred_at", "rollout_id", "template_id", "module_id",
      "stream_seq");

  @Option(names = "--follow", order = 1, description = "go on with what comes, until Ctrl-C")
  private boolean follow;

  @Option(names = "--kind-prefix", paramLabel = "PREFIX", order = 2, description = "only kinds that begin so, for example module.upgrade.")
  private String kindPrefix;

  @Option(names = "--rollout", paramLabel = "ROLLOUT", order = 3, description = "only of this rollout, its id or latest")
  private String rollout;

  @Option(names = "--after", paramLabel = "ID", order = 4, description = "only after this event; 0 is the beginning (default: the last ones)")
  private String after;

  @Option(names = "--limit", paramLabel = "N", defaultValue = "100", order = 100, description = "at most so many; 0: all, but without --after no more than the last 1000 (default: 100). --follow --after shows all")
  private int limit;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() throws InterruptedException {
    var query = new LinkedHashMap<String, Object>();
    query.put("kind_prefix", kindPrefix);
    if (rollout != null) query.put("rollout_id", known(new Names(remote.api()).rollout(rollout)));
    var last = after == null ? newest(query) : follow ? after : from(query, after);
    if (follow && after != null) look(query);
    if (follow) new EventStream(remote.api(), query, this::show, remote.screen()::note).follow(last);
    return Failure.DONE;
  }

  private static final int FORBIDDEN = 403;

  /// The log has no events of a rollout that is not there, as of one where nothing has happened. It is read while the rollouts are away, too.
  private String known(String id) {
    try {
      remote.api().get("/v1/rollouts/" + Api.part(id));
    } catch (Failure.Unreachable away) {
      // the log itself says whether anybody is there
    } catch (Failure.Refused refused) {
      if (refused.status() != FORBIDDEN) throw refused; // who may read the log only reads it
    }
    return id;
  }

  /// The newest ones, which the server answers newest first.
  private String newest(Map<String, Object> query) {
    var page = new LinkedHashMap<>(query);
    page.put("limit", Math.min(PAGE, Limit.items(limit)));
    var events = new ArrayList<JsonNode>();
    remote.api().get("/v1/events", page).path("events").forEach(events::addFirst);
    if (Limit.items(limit) > PAGE && events.size() == PAGE)
      remote.screen().note("These are the last " + PAGE + "; --after 0 begins at the beginning.");
    events.forEach(this::show);
    return events.isEmpty() ? "0" : Text.of(events.getLast(), "id");
  }

  /// Says at once what is wrong with the cursor, or that nobody is there.
  private void look(Map<String, Object> query) {
    var page = new LinkedHashMap<>(query);
    page.put("after", after);
    page.put("limit", 1);
    remote.api().get("/v1/events", page);
  }

  private String from(Map<String, Object> query, String cursor) {
    int shown = 0;
    var last = cursor;
    while (shown < Limit.items(limit)) {
      var page = new LinkedHashMap<>(query);
      page.put("after", last);
      page.put("limit", Math.min(PAGE, Limit.items(limit) - shown));
      var answer = remote.api().get("/v1/events", page);
      answer.path("events").forEach(this::show);
      shown += answer.path("events").size();
      if (answer.path("events").isEmpty() || !answer.hasNonNull("next_cursor")) return last;
      last = Text.of(answer, "next_cursor");
    }
    remote.screen().note("There may be more; go on by --after " + last + ", or show all by --limit 0.");
    return last;
  }

  private void show(JsonNode event) { remote.screen().oneOfMany(remote.json() ? Json.text(event) : line(event, remote.screen())); }

  static String line(JsonNode event, Screen screen) {
    var kind = Text.of(event, "kind");
    var painted = switch (Text.of(event, "severity")) {
      case "critical" -> screen.red(kind);
      case "warning" -> screen.yellow(kind);
      default -> screen.cyan(kind);
    };
    var fields = new StringJoiner(" ");
    event.properties().forEach(field -> {
      if (!ENVELOPE.contains(field.getKey()) && !field.getValue().isNull()) fields.add(field.getKey() + "=" + value(field.getValue()));
    });
    return screen.dim(Text.time(event, "occurred_at")) + " " + painted
        + (event.hasNonNull("rollout_id") ? " rollout=" + Text.of(event, "rollout_id") : "")
        + (fields.length() == 0 ? "" : " " + fields);
  }

  private static String value(JsonNode value) {
    var text = Text.plain(value.isTextual() ? value.asText() : value.toString());
    return value.isTextual() && text.indexOf(' ') >= 0 ? "\"" + text + "\"" : text;
  }
}
