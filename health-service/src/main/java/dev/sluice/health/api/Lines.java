package dev.sluice.health.api;

import io.vertx.core.buffer.Buffer;
import java.util.function.Consumer;

/// Cuts what comes into lines. It asks for nothing: whoever has paused the source says when it goes on, which Vert.x's `RecordParser` does not let him.
final class Lines {
  private final int most;
  private Buffer begun = Buffer.buffer();

  /// @param most bytes of a line
  Lines(int most) {
    this.most = most;
  }

  /// @param whole given each line that ends in the chunk, without its end
  /// @return whether no line is too long; what follows one is not looked at
  boolean take(Buffer chunk, Consumer<Buffer> whole) {
    int from = 0;
    for (int at = 0; at < chunk.length(); at++) {
      if (chunk.getByte(at) != '\n') continue;
      begun.appendBuffer(chunk, from, at - from);
      if (begun.length() > most) return false;
      whole.accept(begun);
      begun = Buffer.buffer();
      from = at + 1;
    }
    begun.appendBuffer(chunk, from, chunk.length() - from);
    return begun.length() <= most;
  }

  /// The line that has no end.
  Buffer rest() { return begun; }
}
