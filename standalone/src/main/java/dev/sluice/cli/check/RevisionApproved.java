package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.StreamSupport;

/// The events, the approval request, the plan and the rollout name one revision with one hash; its members and batches are those that run; and nothing began
/// before the approval, which has its votes.
final class RevisionApproved extends Check {
  private int revision;
  private Event approved;

  RevisionApproved(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    switch (e.kind()) {
      case "planned", "plan_edited" -> {
        require(approved == null, e, "the plan was edited after its approval");
        revision = e.number("revision");
      }
      case "approved" -> {
        premise();
        approved = e;
      }
      case "started" -> {
        require(approved != null, e, "it started without an approval");
        require(e.number("total_instances") == plan.total(), e,
            "it started with " + e.number("total_instances") + " members; the plan has " + plan.total());
      }
      case "batch_started" -> {
        require(approved != null, e, batch(e.batch()) + " opened without an approval");
        require(e.number("instance_count") == plan.batch(e.batch()).size(), e,
            batch(e.batch()) + " opened with " + e.number("instance_count")
                + " members; the plan has " + plan.batch(e.batch()).size());
      }
      case "instance_started" ->
        require(target().equals(e.version()), e, e.instance() + " was told " + e.version() + "; " + target() + " was approved");
      default -> {
        // moves nothing
      }
    }
  }

  private String target() { return plan.shown().path("target_version").asText(); }

  @Override
  void end(Course course) {
    if (approved == null) return;
    var id = approved.text("approval_request_id");
    var request = history.requests().stream().filter(r -> r.path("id").asText().equals(id)).findFirst();
    require(request.isPresent(), approved, "the approval names the request " + id + ", which is not there");
    request.ifPresent(this::request);
    var rollout = history.rollout();
    require(rollout.path("revision").asInt() == revision, approved, "revision " + revision + " was approved; "
        + rollout.path("revision").asInt() + " runs");
    require(plan.shown().path("revision").asInt() == revision, null, "the plan shows revision " + plan.shown().path("revision").asInt());
    require(rollout.path("plan_hash").equals(plan.shown().path("plan_hash")), null, "the rollout runs another plan_hash than the plan's");
    require(rollout.path("inputs").equals(plan.shown().path("inputs")), null, "the rollout runs by other inputs than the plan's");
    members();
  }

  private void request(JsonNode request) {
    require(request.path("status").asText().equals("approved"), approved, "the request is " + request.path("status").asText());
    require(request.path("revision").asInt() == revision, approved,
        "revision " + request.path("revision").asInt() + " was approved; " + revision + " is the newest");
    require(request.path("plan").path("plan_hash").equals(plan.shown().path("plan_hash")), approved,
        "the plan_hash that was approved is another than the plan's");
    var votes = StreamSupport.stream(request.path("votes").spliterator(), false)
        .filter(
            v -> v.path("counts").asBoolean() && v.path("decision").asText().equals("approve") && v.path("revision").asInt() == revision)
        .map(v -> v.path("actor").asText()).toList();
    int needed = votes.equals(List.of("policy")) ? 1 : request.path("required_approvals").asInt();
    require(votes.stream().distinct().count() >= needed, approved,
        votes.size() + " approved revision " + revision + "; " + needed + " were needed");
  }

  private void members() {
    int i = 0;
    for (int batch = 0; batch < plan.batches().size(); batch++)
      for (var instance : plan.batch(batch)) {
        var runs = i < history.members().size() ? history.members().get(i) : null;
        require(runs != null && runs.instance().equals(instance) && runs.batch() == batch, null,
            "place " + (i + 1) + " of the plan is " + instance + " in " + batch(batch) + "; the rollout has "
                + (runs == null ? "nobody" : runs.instance() + " in " + batch(runs.batch())) + " there");
        i++;
      }
    require(history.members().size() == i, null, "the rollout has " + history.members().size() + " members; the plan has " + i);
  }
}
