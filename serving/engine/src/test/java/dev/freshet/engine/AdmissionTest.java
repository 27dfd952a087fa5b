package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.wire.PauseMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How completions enter the real engine. */
@Timeout(60)
class AdmissionTest {
  private static final GenerationRequest REQUEST = greedy(new int[] {3}, 1);

  @Test
  void completionsAreNumberedInTheOrderOfTheirArrival() {
    List<Long> arrivals = new ArrayList<>();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      engine.submit(REQUEST, _ -> {});
      engine
          .submit(Collections.nCopies(3, REQUEST), _ -> {})
          .forEach(one -> arrivals.add(((Sequence) one).arrival()));
      arrivals.add(((Sequence) engine.submit(REQUEST, _ -> {})).arrival());
    }
    assertThat(arrivals).containsExactly(1L, 2L, 3L, 4L);
  }

  @Test
  void ofCompletionsThatAreSubmittedTogetherAllAreQueuedOrNone() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA, 1, 4)) {
      engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      Collected first = new Collected();
      engine.submit(Collections.nCopies(3, REQUEST), first);

      assertThatExceptionOfType(EngineException.class)
          .isThrownBy(() -> engine.submit(Collections.nCopies(2, REQUEST), first))
          .withMessage(
              "the admission queue is full: 3 completions wait already, at most 4 may: 2 more; retry later")
          .extracting(EngineException::kind)
          .isEqualTo(EngineException.Kind.OVERLOADED);
      assertThat(engine.waiting()).isEqualTo(3);
      assertThatExceptionOfType(EngineException.class)
          .isThrownBy(() -> engine.submit(List.of(REQUEST, greedy(new int[] {-1}, 1)), first))
          .withMessageStartingWith("prompt token -1");
      assertThat(engine.waiting()).isEqualTo(3);

      engine.resume().get(60, TimeUnit.SECONDS);
      Fixture.eventually(() -> first.tokens().size() == 3);
      Collected more = new Collected();
      engine.submit(Collections.nCopies(4, REQUEST), more);
      Fixture.eventually(() -> more.tokens().size() == 4);
    }
  }

  @Test
  void moreCompletionsTogetherThanCanEverWaitAreTheCallersFault() {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA, 1, 4)) {
      assertThatExceptionOfType(EngineException.class)
          .isThrownBy(() -> engine.submit(Collections.nCopies(5, REQUEST), _ -> {}))
          .withMessage(
              "5 completions together: expected at most 4, the room of the admission queue (inference.max_waiting)")
          .extracting(EngineException::kind)
          .isEqualTo(EngineException.Kind.INVALID);
    }
  }
}
