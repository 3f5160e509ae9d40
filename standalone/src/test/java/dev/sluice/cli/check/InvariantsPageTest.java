package dev.sluice.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// `docs/invariants.md` has each invariant as the checker says it, with tests; that they are there is `DocsTest`'s.
class InvariantsPageTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String TEST = "\\b[A-Z]\\w*Test\\b";

  private static String page() throws IOException { return Files.readString(ROOT.resolve("docs/invariants.md")); }

  @Test
  void each_invariant_stands_there_with_its_tests_and_what_is_not_visible_of_it() throws IOException {
    for (var invariant : Invariant.values()) {
      assertThat(page())
          .containsPattern("\n\\| `" + invariant.word() + "` \\| " + Pattern.quote(invariant.sentence()) + " \\| " + TEST);
      if (!invariant.unseen().isEmpty()) assertThat(page()).contains("\n| `" + invariant.word() + "` | " + invariant.unseen() + " |\n");
    }
  }
}
