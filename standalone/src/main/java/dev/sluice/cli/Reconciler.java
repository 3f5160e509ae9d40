package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The loop that makes lost nudges good.
@Command(name = "reconciler", description = "The reconciler, without which no batch starts: show, pause, resume.")
final class Reconciler {
  private static final String TEMPLATE = "only for this template";

  @Command(name = "show", description = "Whether it is paused, and when it ran last.")
  int show(@Mixin Remote remote) { return show(remote, remote.api().get("/v1/reconciler")); }

  @Command(name = "pause", description = "Start no batch until it is resumed; rollbacks go on.")
  int pause(@Mixin Remote remote, @Option(names = "--template", paramLabel = "ID", description = TEMPLATE) String template) {
    return show(remote, remote.api().post("/v1/reconciler/pause", body(template)));
  }

  @Command(name = "resume", description = "Start batches again.")
  int resume(@Mixin Remote remote, @Option(names = "--template", paramLabel = "ID", description = TEMPLATE) String template) {
    return show(remote, remote.api().post("/v1/reconciler/resume", body(template)));
  }

  private static Map<String, ?> body(String template) { return template == null ? Map.of() : Map.of("template_id", template); }

  private static int show(Remote remote, JsonNode answer) {
    return remote.show(answer, screen -> {
      screen.line("The reconciler "
          + (answer.path("paused").asBoolean() ? screen.yellow("is paused") : "runs every " + Text.of(answer, "tick_sec") + " s")
          + (answer.hasNonNull("last_tick_at") ? ", last at " + Text.time(answer, "last_tick_at") : ""));
      if (!answer.path("paused_templates").isEmpty()) screen.line(screen.yellow("paused for: ") + Text.of(answer, "paused_templates"));
    });
  }
}
