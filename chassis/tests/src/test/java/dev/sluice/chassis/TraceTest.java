package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The W3C `traceparent`: https://www.w3.org/TR/trace-context/#traceparent-header
class TraceTest {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

  @Test
  void a_request_that_names_a_trace_is_its_next_step() {
    var next = Trace.next(Optional.of("00-" + TRACE + "-00f067aa0ba902b7-00"));
    assertThat(next).matches("00-" + TRACE + "-[0-9a-f]{16}-00").doesNotContain("00f067aa0ba902b7");
  }

  @Test
  void one_that_names_none_or_no_proper_one_begins_a_trace() {
    assertThat(Trace.next(Optional.empty())).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01").isNotEqualTo(Trace.next(Optional.empty()));
    for (var given : List.of("", "x", "00-" + "0".repeat(32) + "-00f067aa0ba902b7-01", "00-" + TRACE + "-" + "0".repeat(16) + "-01",
        "00-" + TRACE.toUpperCase(java.util.Locale.ROOT) + "-00f067aa0ba902b7-01", "00-" + TRACE + "-00f067aa0ba902b7-01\n"))
      assertThat(Trace.next(Optional.of(given))).as(given).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01").doesNotContain(TRACE);
  }

  @Test
  void work_is_under_its_own_trace_and_no_longer_than_it_lasts() {
    assertThat(Trace.current()).isNull();
    assertThat(Trace.<String, RuntimeException>within("a", () -> Trace.within("b", Trace::current) + Trace.within(null, Trace::current)))
        .isEqualTo("ba");
    assertThat(Trace.current()).isNull();
  }
}
