package dev.sluice.cli;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Takes the result of a command, and keeps why it could not be written: a [PrintWriter] tells only that, and `System.out` not even that to it.
final class Output extends PrintWriter {
  private final Keeping to;

  Output(Writer to) { this(new Keeping(to)); }

  private Output(Keeping to) {
    super(to, true);
    this.to = to;
  }

  /// The standard output of this process.
  static Output standard() {
    return new Output(new BufferedWriter(new OutputStreamWriter(new FileOutputStream(FileDescriptor.out), StandardCharsets.UTF_8)));
  }

  /// What becomes of a command whose result could not be written.
  static Failure failure(PrintWriter out) {
    var why = out instanceof Output known && known.to.trouble != null ? Text.why(known.to.trouble) : "for an unknown reason";
    // the system says it in its language, most of which keep the word
    return why.toLowerCase(Locale.ROOT).contains("pipe") ? new Failure.Unread() : new Failure.Unwritten(why);
  }

  /// Remembers the first thing that went wrong.
  private static final class Keeping extends FilterWriter {
    private volatile IOException trouble;

    Keeping(Writer to) { super(to); }

    private interface Step {
      void run() throws IOException;
    }

    private void keeping(Step step) throws IOException {
      try {
        step.run();
      } catch (IOException e) {
        if (trouble == null) trouble = e;
        throw e;
      }
    }

    @Override
    public void write(int character) throws IOException { keeping(() -> out.write(character)); }

    @Override
    public void write(char[] text, int from, int length) throws IOException { keeping(() -> out.write(text, from, length)); }

    @Override
    public void write(String text, int from, int length) throws IOException { keeping(() -> out.write(text, from, length)); }

    @Override
    public void flush() throws IOException { keeping(out::flush); }
  }
}
