package dev.sluice.simulation;

import dev.sluice.simulation.Replica.Work;
import java.util.function.Function;
import java.util.function.Supplier;

/// A question to another service: it may not arrive, its answer may be lost, or come late.
final class Asking<A> implements Work {
  private final World world;
  private final Service other;
  private final Supplier<A> question;
  private final Function<A, Work> then;
  private A answer;
  private int stage;
  private Work next;

  Asking(World world, Service other, Supplier<A> question, Function<A, Work> then) {
    this.world = world;
    this.other = other;
    this.question = question;
    this.then = then;
  }

  @Override
  public CrashPoint step() {
    return switch (stage++) {
      case 0 -> CrashPoint.ASKING;
      case 1 -> {
        boolean heard = other.anyUp() && !(world.chaos && world.random.nextInt(6) == 0);
        if (heard) answer = question.get();
        boolean lost = !heard || world.chaos && world.random.nextInt(6) == 0;
        if (lost) {
          world.lostAsks++;
          stage = 3;
        }
        yield CrashPoint.REPLYING;
      }
      case 2 -> {
        next = then.apply(answer);
        yield null;
      }
      default -> next.step();
    };
  }

  @Override
  public boolean done() { return stage >= 3 && (next == null || next.done()); }
}
