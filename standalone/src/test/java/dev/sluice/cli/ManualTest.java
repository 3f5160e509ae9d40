package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/// `docs/cli.md` is what the command line says of itself. To write it anew: `-Dsluice.write.manual=true`.
class ManualTest {
  private static final Path MANUAL = Path.of("..", "docs", "cli.md");

  @Test
  void the_manual_is_what_the_commands_say() throws IOException {
    var manual = new StringBuilder("""
        # The command line

        Written by `ManualTest` from the commands themselves; run as `./sluice` in this folder.

        """);
    add(manual, Sluice.line(Screen.Terminal.NONE));
    if (Boolean.getBoolean("sluice.write.manual")) Files.writeString(MANUAL, manual);
    assertThat(MANUAL).content().isEqualToNormalizingNewlines(manual.toString());
  }

  private static void add(StringBuilder manual, CommandLine command) {
    if (command.getCommandName().equals("help")) return;
    manual.append("## ").append(command.getCommandSpec().qualifiedName()).append("\n```\n")
        .append(command.getUsageMessage().stripTrailing())
        .append("\n```\n\n");
    command.getSubcommands().values().forEach(sub -> add(manual, sub));
  }
}
