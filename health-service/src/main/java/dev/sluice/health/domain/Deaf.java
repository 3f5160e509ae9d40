package dev.sluice.health.domain;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The times in which we could not hear a heartbeat. Our own absence is held against no instance: deadlines, soaks and silence count hearing time
/// only. `behaviour.md`, rule 4.
///
/// @param spans in order, disjoint; the constructor merges what overlaps
public record Deaf(List<Span> spans) {
  public static final Deaf NEVER = new Deaf(List.of());

  /// From `from` until before `to`.
  public record Span(Instant from, Instant to) {
    public Span {
      if (to.isBefore(from)) throw new IllegalArgumentException("a span ends before it begins");
    }
  }

  public Deaf {
    spans = merged(spans);
  }

  /// When `length` of hearing time has passed since `start`.
  public Instant after(Instant start, Duration length) {
    var end = start.plus(length);
    for (var span : spans) {
      if (!span.to().isAfter(start)) continue;
      if (!span.from().isBefore(end)) break;
      end = end.plus(Duration.between(later(start, span.from()), span.to()));
    }
    return end;
  }

  /// The instant since which `length` of hearing time has passed at `end`.
  public Instant before(Instant end, Duration length) {
    var start = end.minus(length);
    for (var span : spans.reversed()) {
      if (!span.from().isBefore(end)) continue;
      if (!span.to().isAfter(start)) break;
      start = start.minus(Duration.between(span.from(), span.to().isBefore(end) ? span.to() : end));
    }
    return start;
  }

  /// The hearing time between two instants; zero where `to` is not after `from`.
  public Duration heardBetween(Instant from, Instant to) {
    if (!to.isAfter(from)) return Duration.ZERO;
    var heard = Duration.between(from, to);
    for (var span : spans) {
      var begin = later(from, span.from());
      var end = span.to().isBefore(to) ? span.to() : to;
      if (end.isAfter(begin)) heard = heard.minus(Duration.between(begin, end));
    }
    return heard;
  }

  private static Instant later(Instant one, Instant other) { return one.isAfter(other) ? one : other; }

  private static List<Span> merged(List<Span> spans) {
    var sorted = spans.stream().sorted(Comparator.comparing(Span::from)).toList();
    var merged = new ArrayList<Span>();
    for (var span : sorted) {
      if (merged.isEmpty() || merged.getLast().to().isBefore(span.from())) merged.add(span);
      else
        merged.add(new Span(merged.getLast().from(), later(merged.removeLast().to(), span.to())));
    }
    return List.copyOf(merged);
  }
}
