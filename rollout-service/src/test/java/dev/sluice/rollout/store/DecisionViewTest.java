package dev.sluice.rollout.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.chassis.Json;
import dev.sluice.rollout.domain.Account;
import dev.sluice.rollout.domain.DecisionRow;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Over the wire and back a row is what it was, to the letter.
class DecisionViewTest {
  @Test
  void json_is_shown_as_an_object_and_comes_back_as_it_was() {
    var text = "{\"a\":1.5,\"b\":null,\"c\":[9007199254740993,\"ü\\u0000\"],\"d\":-0.0}";
    var view = DecisionView.of(row(text));
    assertThat(view.command()).isInstanceOf(Map.class);
    assertThat(overTheWire(view).row()).isEqualTo(row(text));
  }

  @Test
  void what_is_not_the_json_that_was_written_is_shown_as_text_and_comes_back_as_it_was() {
    for (var text : List.of("{\"a\": 1}", "{\"a\":1} ", "{\"a\":1,\"a\":1}", "{\"a\":1.50}", "{\"a\":1e400}", "{\"a\":\"\\/\"}", "{", "",
        "x",
        "[]", "\"x\"", "{} {}")) {
      var view = DecisionView.of(row(text));
      assertThat(view.command()).as(text).isEqualTo(text);
      assertThat(overTheWire(view).row()).as(text).isEqualTo(row(text));
    }
    assertThat(overTheWire(DecisionView.of(row("null"))).row()).isEqualTo(row("null"));
  }

  private static DecisionView overTheWire(DecisionView view) { return Json.convert(Json.map(Json.text(view)), DecisionView.class); }

  private static DecisionRow row(String json) {
    return new DecisionRow(7, Instant.parse("2026-01-01T00:00:00.000001Z"), null, new Account("tick", json, json, "plan", json, json), "p",
        "h");
  }
}
