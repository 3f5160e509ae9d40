package dev.sluice.contract;

/// One thing wrong with an input.
///
/// @param field   the name as it was sent, dotted for nested ones
/// @param message what the field must be, with its range
/// @param given   what was given; null where nothing was
public record Fault(String field, String message, Object given) {}
