package dev.sluice.cli.check;

import java.util.Arrays;
import java.util.List;

/// Judges a history, in one pass over its events.
public final class Judge {
  private Judge() {}

  /// A finding for each invariant, in their order.
  public static List<Finding> of(History history) {
    var checks = Arrays.stream(Invariant.values()).map(i -> i.check(history)).toList();
    var course = new Course(history.plan());
    for (var event : history.stream()) {
      for (var check : checks)
        check.event(event, course);
      course.apply(event);
    }
    checks.forEach(check -> check.end(course));
    return Arrays.stream(Invariant.values()).map(i -> checks.get(i.ordinal()).finding(i)).toList();
  }
}
