package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Tables, bars and lines, with colours and without.
class DrawingTest {
  private final StringWriter out = new StringWriter();
  private final Screen plain = screen(new Screen.Terminal(false, false, 80));
  private final Screen coloured = screen(new Screen.Terminal(true, true, 80));

  @Test
  void columns_are_aligned_and_numbers_stand_to_the_right() {
    var table = new Table("NAME", "COUNT").row("a", "5").row("longer", "1,250").row(null, "-");
    assertThat(table.lines(plain)).containsExactly("NAME    COUNT", "a           5", "longer  1,250", "-           -");
  }

  @Test
  void colours_do_not_move_columns() {
    var table = new Table("A", "B").row(coloured.red("bad"), "x").row("good!", "y");
    assertThat(table.lines(plain).stream().map(Table::plain)).containsExactly("A      B", "bad    x", "good!  y");
  }

  @Test
  void what_is_too_wide_is_cut_and_keeps_its_colours() {
    assertThat(Table.cut("hello world", 6)).isEqualTo("hello…");
    assertThat(Table.cut("hello", 5)).isEqualTo("hello");
    assertThat(Table.cut(coloured.red("hello world"), 6)).isEqualTo("\u001b[31mhello…\u001b[0m");
  }

  @Test
  void bars_show_each_batch() {
    var lines = Bars.lines(rollout(3), "nginx to 1.26.0 on web", plain);
    assertThat(lines).containsExactly("nginx to 1.26.0 on web  running",
        "  batch 1  " + "█".repeat(30) + "    10 of 10    completed",
        "  batch 2  " + "█".repeat(15) + "░".repeat(15) + "     4 of 10    running  1 failed",
        "  batch 3  " + "░".repeat(30) + "     0 of 10    pending",
        "  30 in all: 14 healthy, 1 failed, 15 pending");
    assertThat(Bars.lines(rollout(3), "x", coloured).get(2)).contains("\u001b[31m███\u001b[0m");
    assertThat(lines).allSatisfy(line -> assertThat(Table.length(line)).isLessThanOrEqualTo(80));
  }

  @Test
  void many_batches_are_shown_around_the_one_that_runs() {
    var lines = Bars.lines(rollout(40), "x", plain);
    assertThat(lines).hasSize(15);
    assertThat(lines.getLast()).startsWith("  400 in all");
    assertThat(lines.get(13)).isEqualTo("  … 28 batches: 0 of 280 healthy");
  }

  @Test
  void drawing_again_goes_over_what_was_drawn() {
    coloured.redraw(List.of("one", "two"));
    coloured.redraw(List.of("three"));
    assertThat(out.toString()).isEqualTo("\u001b[2Kone\n\u001b[2Ktwo\n\u001b[2A\u001b[2Kthree\n\u001b[J");
  }

  @Test
  void piped_a_change_is_a_line() throws Exception {
    assertThat(Changes.between(null, rollout(2))).containsExactly("batch 1 of 2 completed: 10 healthy, 0 failed of 10 instances",
        "batch 2 of 2 running: 4 healthy, 1 failed of 10 instances", "rollout running, 20 in all: 14 healthy, 1 failed, 5 pending");
    assertThat(Changes.between(rollout(2), rollout(2))).isEmpty();
    var ended = Json.mapper().readTree(rollout(2).toString().replace("\"running\"", "\"completed\""));
    assertThat(Changes.between(rollout(2), ended)).containsExactly("batch 2 of 2 completed: 4 healthy, 1 failed of 10 instances",
        "rollout completed, 20 in all: 14 healthy, 1 failed, 5 pending");
  }

  @Test
  void durations_are_said_as_people_say_them() {
    assertThat(List.of(0.25, 3.0, 40.0, 119.0, 1500.0, 130.0, 3900.0, 14_400.0, 100_000.0).stream().map(Text::duration)).containsExactly(
        "0.3 s", "3 s",
        "40 s", "119 s", "25 min", "2 min 10 s", "1 h 5 min", "4 h", "1 d 3 h");
  }

  private Screen screen(Screen.Terminal terminal) { return new Screen(new PrintWriter(out), new PrintWriter(out), terminal); }

  /// Batch 1 completed, batch 2 half way, the rest pending; ten in each.
  private static JsonNode rollout(int batches) {
    var rows = IntStream.range(0, batches).mapToObj(index -> switch (index) {
      case 0 -> batch(0, "completed", 10, 0);
      case 1 -> batch(1, "running", 4, 1);
      default -> batch(index, "pending", 0, 0);
    }).collect(Collectors.joining(","));
    return Json.read("{\"state\": \"running\", \"current_batch_index\": 1, \"counts\": {\"total\": " + 10 * batches
        + ", \"healthy\": 14, \"failed\": 1, \"pending\": " + (10 * batches - 15) + "}, \"batches\": [" + rows + "]}", JsonNode.class);
  }

  private static String batch(int index, String phase, int healthy, int failed) {
    return "{\"index\": " + index + ", \"phase\": \"" + phase + "\", \"instance_count\": 10, \"healthy_count\": " + healthy
        + ", \"failed_count\": " + failed
        + "}";
  }
}
