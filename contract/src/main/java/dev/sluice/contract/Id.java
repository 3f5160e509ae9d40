package dev.sluice.contract;

/// The name of one thing, written on the wire as a plain string. Every id is a record of one `value`.
public interface Id {
  String value();

  /// Refuses what is no id: an id has 1 to 128 characters.
  ///
  /// @throws IllegalArgumentException if `value` is null, empty or too long
  static void check(String value) {
    if (value == null || value.isEmpty() || value.length() > 128) throw new IllegalArgumentException("an id has 1 to 128 characters");
  }
}
