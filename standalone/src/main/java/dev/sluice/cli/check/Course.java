package dev.sluice.cli.check;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How far a rollout has come by its events: what they say together, folded one by one.
final class Course {
  /// Where one member stands.
  enum State {
    PENDING, IN_FLIGHT, HEALTHY, FAILED, SKIPPED, ROLLED_BACK, ROLLBACK_FAILED
  }

  /// One member that an event was about.
  static final class Fate {
    State state = State.PENDING;
    String reason;
    /// Whether the current attempt has its verdict or its end, on the way up or back.
    boolean judged;
    boolean regressed;
    /// The instruction of its latest attempt; null where it got none.
    Event told;
    /// In which way back it came to this state; 0 is the way up.
    int way;
    /// The time of its verdict or skip.
    Event ended;

    boolean instructed() { return told != null; }

    boolean failing() { return state == State.FAILED || state == State.HEALTHY && regressed; }
  }

  private static final Fate NONE = new Fate();
  private final Plan plan;
  private final Map<String, Fate> fates = new HashMap<>();
  private String before;
  String state = "";
  /// The newest batch; -1 before the first.
  int batch = -1;
  /// Whether the newest batch has not ended.
  boolean open;
  /// The trip that nobody has answered; null where there is none.
  Event trip;
  /// How often it went back.
  int ways;
  int inFlight;

  Course(Plan plan) {
    this.plan = plan;
  }

  /// Not to be changed by who asks.
  Fate of(String instance) { return fates.getOrDefault(instance, NONE); }

  boolean paused() { return state.equals("paused"); }

  boolean back() { return state.equals("rolling_back") || paused() && before.equals("rolling_back"); }

  boolean ended() {
    return switch (state) {
      case "completed", "completed_with_failures", "rolled_back", "rolled_back_with_failures", "aborted", "rejected", "expired",
          "cancelled" ->
        true;
      default -> false;
    };
  }

  /// How many members of a batch stand so.
  int count(List<String> members, State wanted) { return (int) members.stream().filter(m -> of(m).state == wanted).count(); }

  void apply(Event e) {
    switch (e.kind()) {
      case "planned", "plan_edited" -> state = "awaiting_approval";
      case "started" -> state = "running";
      case "approved", "rejected", "expired", "cancelled" -> state = e.kind();
      case "batch_started" -> {
        batch = e.batch();
        open = true;
      }
      case "batch_completed" -> open &= e.batch() != batch;
      case "instance_started" -> told(e);
      case "instance_health_check" -> verdict(e, e.healthy() ? State.HEALTHY : back() ? State.ROLLBACK_FAILED : State.FAILED);
      case "instance_rolled_back" -> verdict(e, State.ROLLED_BACK);
      case "instance_skipped" -> verdict(e, State.SKIPPED);
      case "instance_regressed" -> {
        var fate = fate(e);
        fate.regressed = true;
        fate.reason = e.reason();
      }
      case "circuit_breaker_tripped" -> {
        trip = e;
        state = "awaiting_decision";
      }
      case "continuation_decided" -> decided(e.text("decision"));
      case "paused" -> {
        before = state;
        state = "paused";
      }
      case "resumed" -> state = paused() ? before : state;
      case "aborted" -> end("aborted");
      case "rollback_started" -> wayBack();
      case "rolled_back" -> end(e.number("failed_count") > 0 ? "rolled_back_with_failures" : "rolled_back");
      case "completed" -> end(e.more().path("with_failures").asBoolean() ? "completed_with_failures" : "completed");
      default -> {
        // an event of a later version: it changes nothing that is judged here
      }
    }
  }

  private Fate fate(Event e) { return fates.computeIfAbsent(e.instance(), _ -> new Fate()); }

  private void told(Event e) {
    var fate = fate(e);
    if (fate.state != State.IN_FLIGHT) inFlight++;
    fate.state = State.IN_FLIGHT;
    fate.told = e;
    fate.judged = false;
    fate.reason = null;
    open = true;
  }

  private void verdict(Event e, State now) {
    var fate = fate(e);
    if (fate.state == State.IN_FLIGHT) inFlight--;
    fate.state = now;
    fate.reason = e.reason();
    fate.judged = true;
    fate.way = ways;
    fate.ended = e;
  }

  private void decided(String decision) {
    if (!decision.equals("continue_anyway") && !decision.equals("retry_failed")) return;
    trip = null;
    state = "running";
    if (decision.equals("retry_failed")) plan.batch(batch).stream().map(fates::get).filter(f -> f != null && f.failing()).forEach(f -> {
      f.state = State.PENDING;
      f.reason = null;
      f.regressed = false;
    });
  }

  private void wayBack() {
    trip = null;
    state = "rolling_back";
    ways++;
    inFlight = 0;
    fates.values().forEach(f -> f.judged = false);
  }

  private void end(String as) {
    trip = null;
    state = as;
  }
}
