package dev.sluice.rollout.domain;

/// Values as the text that is kept of them: the rules themselves know no JSON.
public interface Texts {
  /// The kind of a command or an event, in the words of the wire.
  String kind(Object value);

  String json(Object value);

  /// @throws IllegalArgumentException if the kind is unknown or the text does not fit it
  RolloutCommand command(String kind, String json);
}
