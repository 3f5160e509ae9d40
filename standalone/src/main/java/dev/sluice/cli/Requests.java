package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The questions that are put to people, and the answers.
final class Requests {
  /// What a question is about, with the words for people.
  enum About {
    PLAN("rolling_upgrade_plan", "no plan that waits for approval"), CONTINUATION("rolling_upgrade_continuation",
        "no question how to go on");

    private final String type;
    private final String none;

    About(String type, String none) {
      this.type = type;
      this.none = none;
    }
  }

  private static final int NOT_FOUND = 404;
  private final Api api;

  Requests(Api api) { this.api = api; }

  /// The open question of a rollout (an id or `latest`), or the request of that id.
  JsonNode open(String text, About about) {
    var rollout = new Names(api).rollout(text);
    var found = api.get("/v1/approval-requests", query(rollout, about, "pending")).path("approval_requests");
    if (!found.isEmpty()) return found.get(0);
    try {
      return api.get("/v1/approval-requests/" + Api.part(rollout));
    } catch (Failure.Refused refused) {
      if (refused.status() != NOT_FOUND) throw refused;
    }
    var now = api.get("/v1/rollouts/" + Api.part(rollout));
    // a trip is known a moment before its question is; asked for by its id it is waited for
    var asked = about == About.CONTINUATION ? Text.of(now, "continuation_request_id") : "";
    if (!asked.isEmpty()) return api.get("/v1/approval-requests/" + Api.part(asked));
    var state = Text.of(now, "state");
    throw Failure.Refused.because("rollout " + rollout + " is " + state + "; it has " + about.none);
  }

  private static Map<String, ?> query(String rollout, About about, String status) {
    var query = new LinkedHashMap<String, Object>();
    query.put("rollout_id", rollout);
    query.put("type", about.type);
    query.put("status", status);
    return query;
  }

  /// Answers a question, by the revision that was read.
  JsonNode decide(JsonNode request, Integer revision, String decision, String comment) {
    var body = new LinkedHashMap<String, Object>();
    body.put("decision", decision);
    body.put("revision", revision == null ? request.path("revision").asInt() : revision);
    if (comment != null) body.put("comment", comment);
    return api.post("/v1/approval-requests/" + Api.part(Text.of(request, "id")) + "/decision", body);
  }

  /// Changes the plan that is asked about.
  JsonNode edit(JsonNode request, Integer revision, Map<String, Object> changes) {
    var body = new LinkedHashMap<String, Object>();
    body.put("revision", revision == null ? request.path("revision").asInt() : revision);
    body.putAll(changes);
    return api.patch("/v1/approval-requests/" + Api.part(Text.of(request, "id")), body);
  }

  /// A trip and its options for people, numbered from 1. The trip is as it was when it tripped; what was under way went on.
  ///
  /// @param now the snapshot of the rollout
  List<String> question(JsonNode request, JsonNode now, Screen screen) {
    var lines = new java.util.ArrayList<String>();
    var trip = request.path("trip");
    lines.add(screen.red(screen.bold("Circuit breaker tripped in batch " + (trip.path("batch_index").asInt() + 1)))
        + screen.red(": " + Text.of(trip, "reason")));
    lines.add("  failed: " + Text.of(trip, "failed_instance_ids"));
    lines.add("  by now: " + Bars.counts(now.path("counts")));
    lines.addAll(Ways.lines(api, now, screen));
    lines.add("");
    var table = new Table("", "OPTION", "WHAT IT MEANS");
    int number = 0;
    for (var option : request.path("options")) {
      var word = option.isTextual() ? option.asText() : Text.of(option, "option");
      table.row(String.valueOf(++number), word, consequence(trip, word));
    }
    table.lines(screen).forEach(line -> lines.add("  " + line));
    return lines;
  }

  private static String consequence(JsonNode trip, String option) {
    return Names.stream(trip.path("consequences")).filter(c -> Text.of(c, "option").equals(option)).map(c -> Text.of(c, "detail"))
        .findFirst()
        .orElse("");
  }

  private static String outcome(String decision) {
    return switch (decision) {
      case "", "approve" -> ".";
      case "reject" -> "; nothing moves.";
      default -> ": " + decision + ".";
    };
  }

  /// What is said after a vote.
  static String said(JsonNode request) {
    if (!Text.of(request, "status").equals("pending"))
      return "Request " + Text.of(request, "id") + " is " + Text.of(request, "status") + outcome(Text.of(request, "decision"))
          + (request.hasNonNull("comment") ? " Reason: " + Text.of(request, "comment") : "");
    long votes = Names.stream(request.path("votes")).filter(vote -> vote.path("counts").asBoolean(true)).count();
    return "Your vote counts, " + votes + " of " + Text.of(request, "required_approvals") + "; the request stays open.";
  }
}
