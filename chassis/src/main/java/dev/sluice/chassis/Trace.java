package dev.sluice.chassis;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/// The trace that the present work belongs to, as a W3C `traceparent` (Trace Context, level 1). A request begins or carries one; each fact that it appends is told
/// with it, and what another service appends on hearing that fact belongs to it too. Work that no request began (heartbeats, ticks) has none.
public final class Trace {
  private static final ScopedValue<String> CURRENT = ScopedValue.newInstance();
  private static final Pattern FORM = Pattern.compile("00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})");
  private static final String SAMPLED = "01";

  private Trace() {}

  /// The `traceparent` of the present work; null where it has none.
  static String current() { return CURRENT.isBound() ? CURRENT.get() : null; }

  /// Does work under a trace; null: under none of its own.
  public static <T, X extends Throwable> T within(String traceparent, ScopedValue.CallableOp<? extends T, X> work) throws X {
    return traceparent == null ? work.call() : ScopedValue.where(CURRENT, traceparent).call(work);
  }

  /// The next step of the trace that a request names; of a new one where it names none that fits.
  static String next(Optional<String> given) {
    var parent = FORM.matcher(given.orElse(""));
    return parent.matches()
        ? "00-" + parent.group(1) + "-" + hex(8) + "-" + parent.group(2)
        : "00-" + hex(16) + "-" + hex(8) + "-" + SAMPLED;
  }

  private static String hex(int bytes) {
    var some = new byte[bytes];
    ThreadLocalRandom.current().nextBytes(some);
    some[0] |= 1; // all zeros would be none
    return HexFormat.of().formatHex(some);
  }
}
