package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Ask;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every ask and every answer goes between processes and comes out as it went in.
class AskTest {
  static Stream<Class<?>> asks() { return Stream.of(Ask.class.getPermittedSubclasses()); }

  @ParameterizedTest
  @MethodSource("asks")
  void goes_over_the_wire_and_back(Class<? extends Ask<?>> kind) {
    for (int choice = 0; choice < 2; choice++) {
      var ask = (Ask<?>) Samples.of(kind, "x", choice);
      assertThat(Json.convert(Asks.overTheWire(ask), kind)).isEqualTo(ask);
      var answer = Samples.of(ask.answer(), "x", choice);
      var reply = (Asks.Reply) Asks.overTheWire(new Asks.Reply(answer, null));
      assertThat(reply.problem()).isNull();
      assertThat(Json.convert(reply.value(), ask.answer())).isEqualTo(answer);
    }
  }
}
