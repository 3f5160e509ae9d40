package dev.sluice.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// `docs/invariants.md` has each invariant as the checker says it, and each test that it names is there.
class InvariantsPageTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern TEST = Pattern.compile("\\b([A-Z]\\w*Test)(?:#(\\w+))?");

  private static String page() throws IOException { return Files.readString(ROOT.resolve("docs/invariants.md")); }

  @Test
  void each_invariant_stands_there_with_its_tests_and_what_is_not_visible_of_it() throws IOException {
    for (var invariant : Invariant.values()) {
      assertThat(page())
          .containsPattern("\n\\| `" + invariant.word() + "` \\| " + Pattern.quote(invariant.sentence()) + " \\| " + TEST.pattern());
      if (!invariant.unseen().isEmpty()) assertThat(page()).contains("\n| `" + invariant.word() + "` | " + invariant.unseen() + " |\n");
    }
  }

  @Test
  void each_test_that_it_names_is_there() throws IOException {
    var tests = tests();
    var named = TEST.matcher(page()).results().toList();
    assertThat(named).hasSizeGreaterThan(60).allSatisfy(test -> {
      assertThat(tests).containsKey(test.group(1));
      if (test.group(2) != null) assertThat(tests.get(test.group(1))).as(test.group(1)).contains("void " + test.group(2) + "(");
    });
  }

  /// The sources of the tests, by the names of their classes.
  private static Map<String, String> tests() throws IOException {
    var tests = new HashMap<String, String>();
    try (var files = Files.walk(ROOT)) {
      for (var file : files.filter(f -> f.toString().contains("/src/test/java/") && f.toString().endsWith("Test.java")).toList())
        tests.merge(file.getFileName().toString().replace(".java", ""), Files.readString(file), String::concat);
    }
    return tests;
  }
}
