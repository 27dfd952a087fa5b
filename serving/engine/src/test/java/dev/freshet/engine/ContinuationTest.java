package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.QWEN3;
import static dev.freshet.engine.Fixture.seeded;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Completions that continue from the tokens of an earlier one, as those of a resumed run do. */
@Timeout(120)
class ContinuationTest {
  /** By which the seed of a completion advances with each of its tokens. */
  private static final long INCREMENT = 0x9E3779B97F4A7C15L;

  private static final int LENGTH = 60;
  private static final int[] PROMPT = IntStream.range(300, 340).toArray();

  static Stream<Path> models() {
    return Stream.of(LLAMA, QWEN3);
  }

  @ParameterizedTest
  @MethodSource("models")
  void aCompletionThatGoesOnHasTheTokensAndLogprobsOfTheWholeOne(Path model) throws Exception {
    List<TokenEvent> whole = new ArrayList<>();
    try (EmbeddedEngine engine = Fixture.engine(model, 4, 64)) {
      Collected all = Collected.of(engine, seeded(PROMPT, LENGTH, 11));
      all.finish();
      whole.addAll(all.events());
    }
    try (EmbeddedEngine fresh = Fixture.engine(model, 4, 64)) {
      for (int n : new int[] {1, 5, 16, 33, 59}) {
        int[] soFar =
            IntStream.concat(
                    IntStream.of(PROMPT), whole.subList(0, n).stream().mapToInt(TokenEvent::token))
                .toArray();
        List<Collected> others = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          others.add(Collected.of(fresh, seeded(new int[] {i, 9, n}, 30, i)));
        }
        Collected rest = Collected.of(fresh, seeded(soFar, LENGTH - n, 11 + n * INCREMENT));
        rest.finish();

        assertThat(rest.events())
            .extracting(TokenEvent::token)
            .as("after %d tokens", n)
            .isEqualTo(whole.subList(n, LENGTH).stream().map(TokenEvent::token).toList());
        assertThat(rest.events())
            .extracting(TokenEvent::logprob)
            .as("after %d tokens", n)
            .isEqualTo(whole.subList(n, LENGTH).stream().map(TokenEvent::logprob).toList());
        for (Collected other : others) {
          other.finish();
        }
      }
    }
  }
}
