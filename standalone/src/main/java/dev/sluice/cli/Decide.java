package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Answers a tripped breaker.
@Command(name = "decide", description = "Say how a tripped rollout goes on. Without an option: show the question, and what each option would mean.")
final class Decide implements Callable<Integer> {
  private static final Map<String, List<String>> ENDS = Map.of("continue_anyway", List.of("completed", "completed_with_failures"),
      "retry_failed",
      List.of("completed"), "rollback_completed_batches", List.of("rolled_back"), "abort", List.of("aborted"));
  private static final Map<String, String> SHORT = Map.of("continue", "continue_anyway", "retry", "retry_failed", "rollback",
      "rollback_completed_batches");

  @Parameters(index = "0", paramLabel = "ROLLOUT", description = "its id (or its request's), or latest")
  private String rollout;

  @Parameters(index = "1", paramLabel = "OPTION", arity = "0..1", description = "continue_anyway, retry_failed, rollback_completed_batches or abort (in short continue, retry, rollback, abort)")
  private String option;

  @Option(names = "--comment", paramLabel = "TEXT", order = 1, description = "why")
  private String comment;

  @Mixin
  private Waiting waiting;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    var word = option == null ? null : SHORT.getOrDefault(option.replace('-', '_'), option.replace('-', '_'));
    if (word != null && !ENDS.containsKey(word))
      throw new Failure.Usage("OPTION must be continue_anyway, retry_failed, rollback_completed_batches or abort, not " + option);
    var requests = new Requests(remote.api());
    var request = requests.open(rollout, Requests.About.CONTINUATION);
    return word == null ? ask(requests, request) : answer(requests, request, word);
  }

  private int ask(Requests requests, JsonNode request) {
    var now = remote.api().get("/v1/rollouts/" + Api.part(Text.of(request, "rollout_id")));
    return remote.show(request, screen -> {
      requests.question(request, now, screen).forEach(screen::line);
      screen.note("");
      screen.note("Answer by:  " + remote.again("decide " + Text.of(request, "rollout_id") + " OPTION"));
    });
  }

  private int answer(Requests requests, JsonNode request, String word) {
    var answer = requests.decide(request, null, word, comment);
    if (!remote.json()) remote.screen().line(Requests.said(answer));
    var end = waiting.orGoOn(remote, answer, Text.of(request, "rollout_id"), ENDS.get(word), Text.of(request, "id"));
    return remote.show(end, screen -> {
      if (!waiting.asked()) screen.note("Watch it by:  " + remote.again("watch " + Text.of(request, "rollout_id")));
    });
  }
}
