package dev.sluice.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/// Asks a person at the terminal; or, told so, answers every question by its default and says so.
final class Answers {
  private final BufferedReader in;
  private final Screen screen;
  private final boolean byDefault;

  Answers(BufferedReader in, Screen screen, boolean byDefault) {
    this.in = in;
    this.screen = screen;
    this.byDefault = byDefault;
  }

  /// @param preset what Enter means
  /// @return the answer without blanks around it; empty where nobody can answer any more
  Optional<String> ask(String question, String preset) {
    screen.part(question + " ");
    if (byDefault) {
      screen.line(preset);
      return Optional.of(preset);
    }
    try {
      var line = in.readLine();
      if (line == null) screen.line("");
      return Optional.ofNullable(line).map(String::strip).map(answer -> answer.isEmpty() ? preset : answer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
