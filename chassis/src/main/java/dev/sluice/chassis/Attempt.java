package dev.sluice.chassis;

/// One try to do what a POST wishes. Under an `Idempotency-Key` one process may try after another.
///
/// @param ids  gives the same ids and secrets in each try
/// @param done whether a try before this one committed and could not say so: only the answer is wanted
public record Attempt(Ids ids, boolean done) {
  /// What a POST wishes.
  public interface Work {
    Answer by(Attempt attempt) throws Exception;
  }
}
