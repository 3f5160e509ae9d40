package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Follows one rollout by its snapshots and shows how it goes: as bars on a terminal, else as lines. A server that is away for a while is waited for.
/// Following it again goes on where it was left.
final class Follow {
  private static final Set<String> ENDED = Set.of("completed", "completed_with_failures", "rolled_back", "rolled_back_with_failures",
      "aborted",
      "rejected", "expired", "cancelled");
  private static final Duration LIVE = Duration.ofMillis(150);
  private static final Duration PIPED = Duration.ofMillis(400);
  private static final Duration AWAY = Duration.ofMinutes(1);
  private static final Duration MOMENT = Duration.ofMillis(50);
  private final Api api;
  private final Screen screen;
  private final boolean quiet;
  private JsonNode before;

  /// @param quiet shows nothing on the way
  Follow(Api api, Screen screen, boolean quiet) {
    this.api = api;
    this.screen = screen;
    this.quiet = quiet;
  }

  static boolean ended(JsonNode rollout) { return ENDED.contains(Text.of(rollout, "state")); }

  /// Follows until the snapshot is enough.
  ///
  /// @param limit null: for ever. A server that gives no answer makes it no longer
  /// @param known whether there is such a rollout, and such a server: then it is waited for at first too
  /// @return the last snapshot
  /// @throws Failure.Otherwise where it takes longer than the limit; with no snapshot where none came
  private JsonNode until(String rolloutId, Predicate<JsonNode> enough, Duration limit, boolean known) {
    long began = System.nanoTime();
    long heard = began;
    while (true) {
      try {
        var now = api.get("/v1/rollouts/" + Api.part(rolloutId), left(began, limit));
        heard = System.nanoTime();
        show(before, now);
        before = now;
      } catch (Failure.Unreachable away) {
        if (!over(began, limit) && (before == null && !known || System.nanoTime() - heard > AWAY.toNanos())) throw away;
      }
      if (before != null && enough.test(before)) {
        screen.keep();
        return before;
      }
      if (over(began, limit)) {
        screen.keep();
        throw late(rolloutId, limit);
      }
      pause();
    }
  }

  /// Follows one that is known.
  JsonNode until(String rolloutId, Predicate<JsonNode> enough, Duration limit) { return until(rolloutId, enough, limit, true); }

  /// Follows for as long as somebody looks on.
  ///
  /// @throws Failure.Unread where nobody does any more
  JsonNode watch(String rolloutId, Predicate<JsonNode> enough) {
    return until(rolloutId, now -> {
      screen.check();
      return enough.test(now);
    }, null, false);
  }

  private Failure late(String rolloutId, Duration limit) {
    var time = Text.duration(limit.toMillis() / 1e3);
    return new Failure.Otherwise((before == null
        ? "no answer within " + time + " says how rollout " + rolloutId + " stands"
        : "rollout " + rolloutId + " is still " + Text.of(before, "state") + " after " + time)
        + "; see why by: " + api.again("diagnose " + rolloutId), before);
  }

  /// At least a moment, and a moment more than is left, so that it is over when an answer has taken all of it.
  private static Duration left(long began, Duration limit) {
    if (limit == null) return ChronoUnit.FOREVER.getDuration();
    return Duration.ofNanos(Math.max(0, limit.toNanos() - (System.nanoTime() - began))).plus(MOMENT);
  }

  private static boolean over(long began, Duration limit) { return limit != null && System.nanoTime() - began > limit.toNanos(); }

  private void show(JsonNode before, JsonNode now) {
    if (quiet) return;
    if (screen.terminal().live()) screen.redraw(Bars.lines(now, title(now), screen));
    else
      Changes.between(before, now).forEach(line -> screen.line(Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + line));
  }

  private void pause() {
    try {
      Thread.sleep(screen.terminal().live() ? LIVE : PIPED);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Unreachable("interrupted");
    }
  }

  /// What a rollout upgrades, for people.
  static String title(JsonNode rollout) {
    return Text.of(rollout, "module_id") + " to " + Text.of(rollout, "target_version") + " on " + Text.of(rollout, "template_id");
  }

  /// Waits for the end that was asked for.
  ///
  /// @param asked    the states that are it
  /// @param answered the continuation that was just answered; another one ends the wait. May be null
  /// @return the last snapshot
  /// @throws Failure.Otherwise where it ends in another way, or stands and asks
  JsonNode toEnd(String rolloutId, List<String> asked, String answered, Duration limit) {
    var last = until(rolloutId, now -> ended(now) || asks(now, answered), limit);
    if (asked.contains(Text.of(last, "state"))) return last;
    if (!ended(last))
      throw new Failure.Otherwise(
          "rollout " + rolloutId + " tripped and asks how to go on; see: " + api.again("decide " + rolloutId), last);
    throw new Failure.Otherwise("rollout " + rolloutId + " is " + Text.of(last, "state").replace('_', ' ') + ", not "
        + asked.getFirst().replace('_', ' '), last);
  }

  /// Whether it stands and asks how to go on, and not only until the answer `answered` is taken up.
  static boolean asks(JsonNode now, String answered) {
    return Text.of(now, "state").equals("awaiting_decision") && now.hasNonNull("continuation_request_id")
        && !Text.of(now, "continuation_request_id").equals(answered);
  }
}
