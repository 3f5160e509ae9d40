package dev.sluice.contract;

import java.util.Locale;

/// Enum constants in the words of the wire and of SQL: `AWAITING_DECISION` is `awaiting_decision`.
public final class Words {
  private Words() {}

  public static String of(Enum<?> constant) { return constant.name().toLowerCase(Locale.ROOT); }

  /// @throws IllegalArgumentException if the word is none of the type's
  public static <E extends Enum<E>> E read(Class<E> type, String word) { return Enum.valueOf(type, word.toUpperCase(Locale.ROOT)); }
}
