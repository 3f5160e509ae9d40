package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Trips and questions go one to one, none trips again before it is answered, and event and question tell of the same answer.
final class OneQuestion extends Check {
  private final Set<String> asked = new HashSet<>();
  private final Map<String, String> answered = new HashMap<>();

  OneQuestion(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    switch (e.kind()) {
      case "circuit_breaker_tripped" -> {
        premise();
        require(course.trip == null, e, "it tripped again before anybody had answered");
        require(!course.back() && !course.ended(), e, "it tripped while the rollout was " + course.state);
        require(asked.add(e.text("approval_request_id")), e, "two trips ask by the request " + e.text("approval_request_id"));
      }
      case "continuation_decided" -> {
        var request = e.text("approval_request_id");
        require(course.trip != null && course.trip.text("approval_request_id").equals(request), e,
            request + " was answered, which was not open");
        answered.put(request, e.text("decision"));
      }
      default -> {
        // neither asks nor answers
      }
    }
  }

  @Override
  void end(Course course) {
    int trips = history.rollout().path("circuit_breaker").path("trips").asInt();
    require(trips == asked.size(), null, "the rollout counts " + trips + " trips, the events tell of " + asked.size());
    if (!history.settled()) return;
    var questions = history.requests().stream().filter(r -> r.path("type").asText().equals("rolling_upgrade_continuation")).toList();
    for (var id : asked)
      require(questions.stream().filter(q -> id(q).equals(id)).count() == 1, null, "the trip that asks by " + id + " has not one question");
    for (var question : questions) {
      require(asked.contains(id(question)), null, "the question " + id(question) + " has no trip");
      var applied = question.path("outcome").asText().equals("applied") ? question.path("decision").asText(null) : null;
      require(applied == null || applied.equals(answered.get(id(question))), null,
          "the answer " + applied + " to " + id(question) + " has no event that says so");
      var told = answered.get(id(question));
      require(told == null || told.equals(question.path("decision").asText()), null,
          "the event says that " + id(question) + " was answered by " + told + ", the question says " + question.path("decision").asText());
    }
  }

  private static String id(JsonNode request) { return request.path("id").asText(); }
}
