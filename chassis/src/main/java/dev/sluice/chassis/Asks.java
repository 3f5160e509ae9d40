package dev.sluice.chassis;

import dev.sluice.contract.Words;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Problem;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.eventbus.ReplyException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Typed questions over the Vert.x event bus: local in one process, clustered between processes. Every ask has a deadline. An answer is the value or a refusal.
///
/// Addresses are `ask.<service>.<kind>`; any replica that answers may get the ask.
public final class Asks implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Asks.class);

  /// An answer on its way: one of the two is null.
  record Reply(Object value, Problem problem) {}

  private final Vertx vertx;
  private final Executor threads;
  private final int failPct;
  private final List<MessageConsumer<?>> consumers = new CopyOnWriteArrayList<>();

  /// @param threads where answers are made: virtual threads
  /// @param failPct the fault switch: so many of 100 asks fail or come late
  Asks(Vertx vertx, Executor threads, int failPct) {
    this.vertx = vertx;
    this.threads = threads;
    this.failPct = failPct;
  }

  /// Makes the one codec for all asks and answers known to an event bus; call once for each Vert.x.
  static void registerCodec(Vertx vertx) { vertx.eventBus().registerCodec(new Codec()); }

  /// Asks, and waits for the answer. Blocks.
  ///
  /// @throws ProblemException if the answer is a refusal
  /// @throws Outage           if nobody answers within `limit`, or who does says that it cannot now
  public <R> R ask(Ask<R> question, Duration limit) {
    fault(limit);
    var options = new DeliveryOptions().setCodecName(Codec.NAME).setSendTimeout(limit.toMillis());
    Message<Object> message;
    try {
      message = Await.on(vertx.eventBus().request(address(question.getClass(), question.to()), question, options), limit.plusMillis(500),
          address(question.getClass(), question.to()));
    } catch (ReplyException e) {
      throw new Outage("the " + Words.of(question.to()) + "-service does not answer: " + e.failureType(),
          e);
    }
    var reply = (Reply) message.body();
    if (reply.problem() != null) throw refusal(reply.problem());
    return question.answer()
        .cast(question.answer().isInstance(reply.value()) ? reply.value() : Json.convert(reply.value(), question.answer()));
  }

  /// The same, and once more where the first is not answered: one ask may be lost.
  ///
  /// @param limit for each of the two
  public <R> R askTwice(Ask<R> question, Duration limit) {
    try {
      return ask(question, limit);
    } catch (Outage e) {
      return ask(question, limit);
    }
  }

  private static RuntimeException refusal(Problem problem) {
    return problem.status() == 503 ? new Outage(problem.detail(), null) : new ProblemException(problem);
  }

  /// Answers asks of a kind. The answerer blocks as it likes, on a virtual thread; a [ProblemException] is answered as the refusal, an [Outage] as 503.
  public <R, A extends Ask<R>> void answer(Ask.Service service, Class<A> kind, Function<A, R> answerer) {
    consumers.add(vertx.eventBus().<Object>consumer(address(kind, service), message -> threads.execute(() -> {
      Reply reply;
      try {
        var question = kind.isInstance(message.body()) ? kind.cast(message.body()) : Json.convert(message.body(), kind);
        reply = new Reply(answerer.apply(question), null);
      } catch (ProblemException e) {
        reply = new Reply(null, e.problem());
      } catch (Outage e) {
        reply = new Reply(null, Problem.unavailable(String.valueOf(e.getMessage())));
      } catch (RuntimeException e) {
        log.atError().addKeyValue("ask", kind.getSimpleName()).setCause(e).log("An ask could not be answered");
        reply = new Reply(null,
            Problem.unavailable("the " + Words.of(service) + "-service could not answer"));
      }
      message.reply(reply, new DeliveryOptions().setCodecName(Codec.NAME));
    })));
  }

  private static String address(Class<?> kind, Ask.Service service) {
    return "ask." + Words.of(service) + "." + Kinds.name(kind);
  }

  private void fault(Duration limit) {
    if (failPct == 0 || ThreadLocalRandom.current().nextInt(100) >= failPct) return;
    if (ThreadLocalRandom.current().nextBoolean()) throw new Outage("the fault switch lost an ask", null);
    Await.pause(Duration.ofMillis(Math.min(limit.toMillis() / 2, 1_000)));
  }

  /// What the other process gets of an ask or a reply.
  static Object overTheWire(Object body) {
    var codec = new Codec();
    var wire = Buffer.buffer();
    codec.encodeToWire(wire, body);
    return codec.decodeFromWire(0, wire);
  }

  @Override
  public void close() { consumers.forEach(c -> Await.on(c.unregister(), Duration.ofSeconds(5), "the event bus")); }

  /// Asks and replies by reference in one process, as JSON between processes.
  private static final class Codec implements MessageCodec<Object, Object> {
    static final String NAME = "sluice-ask";

    @Override
    public void encodeToWire(Buffer buffer, Object body) {
      boolean reply = body instanceof Reply;
      var bytes = Json.buffer(body);
      buffer.appendByte((byte) (reply ? 1 : 0)).appendInt(bytes.length()).appendBuffer(bytes);
    }

    @Override
    public Object decodeFromWire(int position, Buffer buffer) {
      boolean reply = buffer.getByte(position) == 1;
      int length = buffer.getInt(position + 1);
      var text = buffer.getString(position + 5, position + 5 + length);
      return reply ? Json.read(text, Reply.class) : Json.map(text);
    }

    @Override
    public Object transform(Object body) { return body; }

    @Override
    public String name() { return NAME; }

    @Override
    public byte systemCodecID() { return -1; }
  }
}
