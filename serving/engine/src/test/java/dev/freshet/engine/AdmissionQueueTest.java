package dev.freshet.engine;

import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What an idle loop finds in the queue. The loop asks for other work whenever it is about to wait;
 * the tests then let completions arrive.
 */
@Timeout(60)
class AdmissionQueueTest {
  private static final int STEP_TOKENS = 8;

  private final AdmissionQueue queue = new AdmissionQueue(1 << 20, STEP_TOKENS);
  private long arrivals;

  private void arrives(int promptTokens) {
    queue.add(
        List.of(
            new Sequence(
                greedy(new int[promptTokens], 1),
                Optional.empty(),
                _ -> {},
                new SplittableRandom(0),
                1,
                arrivals++,
                _ -> {})));
  }

  /** Waits as a loop does that runs nothing. */
  private boolean awaitIdle(Runnable beforeEachWait) {
    return queue.awaitWork(
        true,
        Long.MAX_VALUE,
        () -> {
          beforeEachWait.run();
          return false;
        });
  }

  @Test
  void completionsThatArriveRightAfterTheFirstAreInItsStep() {
    arrives(1);

    assertThat(
            awaitIdle(
                () -> {
                  if (queue.waiting() < 3) {
                    arrives(1);
                  }
                }))
        .isTrue();
    assertThat(queue.waiting()).isEqualTo(3);
  }

  @Test
  void theFirstStepBeginsAlthoughCompletionsKeepArriving() {
    arrives(0);

    assertThat(awaitIdle(() -> arrives(0))).isTrue();
    assertThat(queue.waiting()).isPositive();
  }

  @Test
  void promptsThatFillAStepWaitForNoOthers() {
    AtomicInteger waits = new AtomicInteger();
    arrives(STEP_TOKENS);

    assertThat(awaitIdle(waits::incrementAndGet)).isTrue();
    assertThat(waits).hasValue(0);
  }

  @Test
  void aLoopWithCompletionsThatDecodeDoesNotWaitForFurtherOnes() {
    AtomicInteger waits = new AtomicInteger();
    arrives(1);

    assertThat(queue.awaitWork(true, 1, () -> waits.incrementAndGet() < 0)).isTrue();
    assertThat(waits).hasValue(0);
  }

  @Test
  void anOperationDoesNotWaitForCompletionsThatArrive() {
    arrives(1);

    assertThat(queue.awaitWork(true, Long.MAX_VALUE, () -> true)).isTrue();
    assertThat(queue.waiting()).isEqualTo(1);
  }
}
