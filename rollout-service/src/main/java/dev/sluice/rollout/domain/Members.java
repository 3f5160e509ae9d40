package dev.sluice.rollout.domain;

import dev.sluice.contract.MemberState;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// The members of a rollout in plan order: an immutable vector in chunks of 1,024, copied on write. A change copies the chunks that it
/// touches, once each; each chunk keeps its [Tally].
final class Members {
  private static final int SHIFT = 10;
  private static final int CHUNK = 1 << SHIFT;

  private final int size;
  private final Chunk[] chunks;

  private Members(int size, Chunk[] chunks) {
    this.size = size;
    this.chunks = chunks;
  }

  /// All pending.
  static Members pending(int size) {
    var chunks = new Chunk[Math.ceilDiv(size, CHUNK)];
    for (int c = 0; c < chunks.length; c++)
      chunks[c] = new Chunk(new int[Math.min(CHUNK, size - (c << SHIFT))]);
    return new Members(size, chunks);
  }

  int size() { return size; }

  Member get(int ordinal) { return new Member(chunks[ordinal >> SHIFT].bits[ordinal & CHUNK - 1]); }

  /// The members with those at `ordinals` changed.
  Members change(IntStream ordinals, UnaryOperator<Member> change) {
    var next = new Writing();
    ordinals.forEach(i -> next.set(i, change.apply(get(i))));
    return new Members(size, next.chunks);
  }

  /// The members with one changed for each of `items`, by the item.
  <T> Members change(List<T> items, ToIntFunction<T> ordinal, BiFunction<T, Member, Member> change) {
    var next = new Writing();
    for (var item : items) {
      int i = ordinal.applyAsInt(item);
      next.set(i, change.apply(item, next.get(i)));
    }
    return new Members(size, next.chunks);
  }

  /// A copy that is written before anyone else sees it; takes its own copy of each chunk once.
  private final class Writing {
    private final Chunk[] chunks = Members.this.chunks.clone();

    private Member get(int ordinal) { return new Member(chunks[ordinal >> SHIFT].bits[ordinal & CHUNK - 1]); }

    private void set(int ordinal, Member member) {
      int c = ordinal >> SHIFT;
      if (chunks[c] == Members.this.chunks[c]) chunks[c] = new Chunk(chunks[c].bits.clone());
      chunks[c].bits[ordinal & CHUNK - 1] = member.bits();
    }
  }

  /// The counts over all.
  Tally tally() { return tally(0, size); }

  /// The counts over `from` to before `to`.
  Tally tally(int from, int to) {
    var sum = new Tally();
    for (int at = from; at < to;) {
      int next = Math.min(to, (at >> SHIFT) + 1 << SHIFT);
      var chunk = chunks[at >> SHIFT];
      if (next - at == chunk.bits.length) sum.add(chunk.tally());
      else
        for (int i = at; i < next; i++)
          sum.add(get(i));
      at = next;
    }
    return sum;
  }

  /// The ordinals of those in a state from `from` to before `to`, in order, at most `limit`. Passes over chunks that hold none.
  IntStream in(MemberState state, int from, int to, int limit) {
    return IntStream.range(from >> SHIFT, Math.ceilDiv(to, CHUNK)).filter(c -> chunks[c].tally().of(state) > 0)
        .flatMap(c -> IntStream.range(Math.max(from, c << SHIFT), Math.min(to, c + 1 << SHIFT)))
        .filter(i -> get(i).state() == state).limit(limit);
  }

  /// The ordinals from `from` to before `to` whose member is as asked, in order.
  IntStream where(int from, int to, Predicate<Member> asked) {
    return IntStream.range(from, to).filter(i -> asked.test(get(i)));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Members that && size == that.size && Arrays.equals(chunks, that.chunks);
  }

  @Override
  public int hashCode() { return Arrays.hashCode(chunks); }

  /// `bits` is written only while its [Writing] lives.
  private static final class Chunk {
    private final int[] bits;
    // Computed on first use; two threads that race compute the same.
    private volatile Tally tally;

    private Chunk(int[] bits) {
      this.bits = bits;
    }

    private Tally tally() {
      var known = tally;
      if (known == null) {
        known = new Tally();
        for (int b : bits)
          known.add(new Member(b));
        tally = known;
      }
      return known;
    }

    @Override
    public boolean equals(Object other) { return other instanceof Chunk that && Arrays.equals(bits, that.bits); }

    @Override
    public int hashCode() { return Arrays.hashCode(bits); }
  }
}
