package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Calls;
import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class EnvironmentCallsTest {
  private final CountDownLatch end = new CountDownLatch(1);

  @AfterEach
  void endHangingCalls() {
    end.countDown();
  }

  @Test
  void callsRunOnPlatformThreadsAndNoMoreThanPermittedAtATime() throws Exception {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (EnvironmentCalls calls = calls(3, Duration.ofMinutes(1));
        ExecutorService rollouts = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> results = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        results.add(
            rollouts.submit(
                () ->
                    calls.call(
                        "a call",
                        new Calls(),
                        inAMinute(),
                        () -> {
                          most.accumulateAndGet(running.incrementAndGet(), Math::max);
                          running.decrementAndGet();
                          return Thread.currentThread().isVirtual();
                        })));
      }
      for (Future<Boolean> virtual : results) {
        assertThat(virtual.get()).isFalse();
      }
    }
    assertThat(most).hasValueBetween(1, 3);
  }

  @Test
  void ofTheWordsOfAnEnvironmentThatThrowsTenMegabytesTheFirstAreKept() throws Exception {
    try (EnvironmentCalls calls = calls(1, Duration.ofMinutes(1))) {
      assertThatThrownBy(
              () ->
                  calls.call(
                      "a call",
                      new Calls(),
                      inAMinute(),
                      () -> {
                        throw new IllegalStateException("x".repeat(10 << 20));
                      }))
          .isInstanceOf(RolloutFailure.class)
          .hasMessageStartingWith("a call: ")
          .hasMessageEndingWith("xxx…")
          .message()
          .hasSize(RolloutFailure.MOST_CHARACTERS + 1);
    }
  }

  @Test
  void callsThatIgnoreTheirDeadlineDoNotKeepLaterCallsFromRunning() throws Exception {
    try (EnvironmentCalls calls = calls(2, Duration.ofMillis(20))) {
      for (int i = 0; i < 10; i++) {
        assertThat(failure(calls, inAMinute())).contains("did not return within");
      }
      assertThat(answer(calls)).isEqualTo("an answer");
    }
  }

  @Test
  void noMoreThreadsThanTheLimitAreLeftToCallsThatDoNotEnd() throws Exception {
    try (EnvironmentCalls calls = calls(1, Duration.ofMillis(1))) {
      String message = "";
      while (!message.contains("passed before a thread was free")) {
        message = failure(calls, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50));
      }
      assertThat(message).contains("65 threads are held by calls that do not end");
      end.countDown();
      assertThat(answer(calls)).isEqualTo("an answer");
    }
  }

  @Test
  void aCloseWaitsForAThreadWhileOthersThatHangHoldItForLongerThanADeadline() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    try (EnvironmentCalls calls = calls(1, Duration.ofSeconds(1));
        ExecutorService rollouts = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> hanging = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        hanging.add(
            rollouts.submit(
                () ->
                    calls.finish(
                        "a close that hangs",
                        () -> {
                          begun.countDown();
                          return end.await(1, TimeUnit.MINUTES);
                        })));
      }
      assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();

      assertThat(calls.finish("a close", () -> "closed")).isEqualTo("closed");

      for (Future<Boolean> close : hanging) {
        assertThatThrownBy(close::get).hasMessageContaining("did not return within");
      }
    }
  }

  @Test
  void aCallIsGivenUpWhenItsScopeIsCancelled() throws Exception {
    Calls scope = new Calls();
    CountDownLatch interrupted = new CountDownLatch(1);
    try (EnvironmentCalls calls = calls(1, Duration.ofMinutes(1))) {
      assertThatThrownBy(
              () ->
                  calls.call(
                      "a call",
                      scope,
                      inAMinute(),
                      () -> {
                        scope.cancel();
                        try {
                          return end.await(1, TimeUnit.MINUTES);
                        } catch (InterruptedException e) {
                          interrupted.countDown();
                          throw e;
                        }
                      }))
          .isInstanceOf(RolloutFailure.class)
          .hasMessage("a call: cancelled");
      assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void anInterruptOfACallThatWasGivenUpReachesNoLaterCallOfItsThread() throws Exception {
    try (EnvironmentCalls calls = calls(1, Duration.ofMillis(20))) {
      for (int i = 0; i < 20; i++) {
        assertThatThrownBy(
                () ->
                    calls.call(
                        "a call", new Calls(), inAMinute(), () -> end.await(1, TimeUnit.MINUTES)))
            .isInstanceOf(RolloutFailure.class);
        assertThat(interrupted(calls)).isNotEqualTo("interrupted");
      }
    }
  }

  private static String interrupted(EnvironmentCalls calls) throws InterruptedException {
    try {
      return calls.call(
          "a call",
          new Calls(),
          inAMinute(),
          () -> Thread.currentThread().isInterrupted() ? "interrupted" : "not interrupted");
    } catch (RolloutFailure e) {
      return "late on a busy machine";
    }
  }

  /** The message of a call that hangs. */
  private String failure(EnvironmentCalls calls, long endNanos) throws InterruptedException {
    try {
      calls.call("a call", new Calls(), endNanos, this::hang);
      throw new AssertionError("a call that hangs has returned");
    } catch (RolloutFailure e) {
      assertThat(e.reason()).isEqualTo(FailureReason.DEADLINE);
      return String.valueOf(e.getMessage());
    }
  }

  /** Ends with the test, whatever interrupts it. */
  private boolean hang() {
    while (true) {
      try {
        end.await();
        return true;
      } catch (InterruptedException e) {
        // The call that a deadline cannot end.
      }
    }
  }

  /** A call that may take as long as the machine needs. */
  private static String answer(EnvironmentCalls calls) throws InterruptedException {
    for (int i = 0; ; i++) {
      try {
        return calls.call("a call", new Calls(), inAMinute(), () -> "an answer");
      } catch (RolloutFailure e) {
        assertThat(i).as("tries").isLessThan(10_000);
      }
    }
  }

  private static EnvironmentCalls calls(int most, Duration deadline) {
    return new EnvironmentCalls(
        most, deadline, MonotonicClock.SYSTEM, RoleTimes.clock(MonotonicClock.SYSTEM));
  }

  private static long inAMinute() {
    return System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
  }
}
