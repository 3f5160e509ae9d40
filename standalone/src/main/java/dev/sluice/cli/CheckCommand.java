package dev.sluice.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sluice.chassis.Json;
import dev.sluice.cli.check.Finding;
import dev.sluice.cli.check.History;
import dev.sluice.cli.check.Invariant;
import dev.sluice.cli.check.Judge;
import dev.sluice.cli.check.Reading;
import dev.sluice.rollout.domain.DecisionChain.Broken;
import dev.sluice.rollout.domain.DecisionRow.Head;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Judges the history of a rollout from the public surface alone; `docs/invariants.md`.
@Command(name = "check", description = "Read the history of a rollout and judge what must hold of each. Exit code 1: something does not.")
final class CheckCommand implements Callable<Integer> {
  private static final int SHOWN = 10;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @Option(names = "--rollout", paramLabel = "ROLLOUT", order = 1, defaultValue = "latest", description = "its id, or latest (default: latest). One that is still open is judged as far as it is")
  private String rollout;

  @Option(names = "--head", paramLabel = "POSITION:HASH", order = 2, description = "a head of the decision record that an earlier check of the same rollout printed: it must still be in the record")
  private String head;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    var kept = kept();
    var id = new Names(remote.api()).rollout(rollout);
    var history = new Reading(remote.api()::get, remote.screen()::note, PATIENCE).of(id);
    var findings = Judge.of(history);
    var decisions = DecisionRecord.check(id, remote.api()::get, kept);
    remote.show(answer(history, findings, decisions), screen -> {
      show(history, findings, screen);
      show(id, decisions, screen);
    });
    return holds(findings) && decisions.holds() ? Failure.DONE : Failure.REFUSED;
  }

  private Head kept() {
    if (head == null) return null;
    var parts = head.split(":", 2);
    if (parts.length != 2 || !parts[0].matches("[1-9][0-9]{0,17}") || !parts[1].matches("[0-9a-f]{64}"))
      throw new Failure.Usage("--head must be POSITION:HASH with a hash of 64 hex digits, as check prints it");
    return new Head(Long.parseLong(parts[0]), parts[1]);
  }

  private static boolean holds(List<Finding> findings) { return findings.stream().allMatch(Finding::holds); }

  private static ObjectNode answer(History history, List<Finding> findings, DecisionRecord.Result decisions) {
    var answer = Json.mapper().createObjectNode().put("rollout_id", history.id()).put("state", history.state())
        .put("as_of_seq", history.asOfSeq()).put("settled", history.settled()).put("holds", holds(findings) && decisions.holds());
    var record = answer.putObject("decisions").put("holds", decisions.holds());
    record.putObject("head").put("position", decisions.head().position()).put("hash", decisions.head().hash());
    record.set("broken", decisions.broken().map(CheckCommand::at).orElse(null));
    record.set("differs", decisions.differs().map(CheckCommand::at).orElse(null));
    var all = answer.putArray("invariants");
    for (var finding : findings) {
      var invariant = finding.invariant();
      var one = all.addObject().put("name", invariant.word()).put("sentence", invariant.sentence())
          .put("result", finding.result().replace(' ', '_')).put("premises", finding.premises()).put("premise", invariant.unit())
          .put("not_visible", invariant.unseen()).put("breach_count", finding.breached());
      var breaches = one.putArray("breaches");
      for (var breach : finding.breaches())
        breaches.addObject().put("event_id", breach.eventId() == 0 ? null : Long.toString(breach.eventId()))
            .put("stream_seq", breach.eventId() == 0 ? null : breach.streamSeq()).put("detail", breach.detail());
    }
    return answer;
  }

  private static ObjectNode at(Broken one) {
    return Json.mapper().createObjectNode().put("position", one.position()).put("detail", one.what());
  }

  /// The head is of one rollout: with the command goes its id, for what is the latest will be another one.
  private void show(String id, DecisionRecord.Result decisions, Screen screen) {
    screen.line("");
    var head = decisions.head();
    if (head.position() == 0 && decisions.holds()) screen.line("No decision is recorded.");
    else if (decisions.holds())
      screen.line("The decision record is whole, and decides to the same again: " + Text.count(head.position(), "decision")
          + ". Keep its head elsewhere, and give it to a later check: "
          + remote.again("check --rollout " + id + " --head " + head.position() + ":" + head.hash()));
    decisions.broken()
        .ifPresent(b -> screen.line(screen.red("The decision record is broken") + ": position " + b.position() + " " + b.what()));
    decisions.differs().ifPresent(
        d -> screen.line(screen.red("The decision record does not decide to the same") + ": position " + d.position() + " " + d.what()));
  }

  private void show(History history, List<Finding> findings, Screen screen) {
    screen.line("rollout " + history.id() + " is " + history.state().replace('_', ' ') + ", judged by "
        + Text.count(history.asOfSeq(), "event"));
    var table = new Table("INVARIANT", "RESULT", "SEEN", "WHAT MUST HOLD");
    for (var f : findings)
      table.row(f.invariant().word(), painted(f, screen), Text.count(f.premises(), f.invariant().unit()), f.invariant().sentence());
    table.lines(screen).forEach(screen::line);
    findings.stream().filter(f -> !f.holds()).forEach(f -> breaches(f, screen));
    if (!history.settled()) screen.note("It moved on while it was read: what its members show was not compared with the events.");
    var partly = findings.stream().map(Finding::invariant).filter(i -> !i.unseen().isEmpty()).map(Invariant::word).toList();
    screen.note("Not wholly visible from outside: " + String.join(", ", partly) + "; --json says what of them is not.");
  }

  private static String painted(Finding f, Screen screen) {
    return switch (f.result()) {
      case "ok" -> screen.green(f.result());
      case "breach" -> screen.red(f.result());
      default -> screen.dim(f.result());
    };
  }

  private static void breaches(Finding f, Screen screen) {
    screen.line("");
    screen.line(screen.red(f.invariant().word() + " is broken") + ", " + Text.count(f.breached(), "time") + ":");
    for (var b : f.breaches().subList(0, Math.min(SHOWN, f.breaches().size())))
      screen.line(
          "  " + (b.eventId() == 0 ? "" : String.format(Locale.ROOT, "event %d (place %d): ", b.eventId(), b.streamSeq())) + b.detail());
    if (f.breached() > SHOWN)
      screen.line("  and " + (f.breached() - SHOWN) + " more" + (f.breaches().size() > SHOWN ? "; --json shows more" : ""));
  }
}
