package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Crews of libtorch's threads and of threads of their own. */
@Timeout(120)
class ComputeCrewTest {
  static Stream<Named<IntFunction<ComputeCrew>>> crews() {
    return Stream.of(
        Named.of("of this machine", ComputeCrew::of),
        Named.of("of threads of its own", ThreadCrew::new));
  }

  @Test
  void libtorchOnLinuxHasAnOpenMpThatCanBeCalled() {
    assertThat(OpenMpCrew.isSupported()).isEqualTo(System.getProperty("os.name").equals("Linux"));
  }

  @ParameterizedTest
  @MethodSource("crews")
  void everyTaskRunsOnceAndTasksOfOneWorkerNeverOverlap(IntFunction<ComputeCrew> made) {
    for (int workers : new int[] {1, 2, 3, 7}) {
      try (ComputeCrew crew = made.apply(workers)) {
        AtomicInteger[] busy =
            Stream.generate(AtomicInteger::new).limit(workers).toArray(AtomicInteger[]::new);
        for (int count : new int[] {0, 1, 2, 3, 100}) {
          AtomicIntegerArray runs = new AtomicIntegerArray(count);
          crew.run(
              count,
              (worker, task) -> {
                assertThat(busy[worker].incrementAndGet()).isEqualTo(1);
                runs.incrementAndGet(task);
                busy[worker].decrementAndGet();
              });
          for (int task = 0; task < count; task++) {
            assertThat(runs.get(task)).isEqualTo(1);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("crews")
  void severalThreadsTakePart(IntFunction<ComputeCrew> made) {
    try (ComputeCrew crew = made.apply(2)) {
      ConcurrentHashMap<Integer, Thread> threads = new ConcurrentHashMap<>();
      // A task waits for the other one, so each needs a thread.
      crew.run(
          2,
          (worker, _) -> {
            threads.put(worker, Thread.currentThread());
            while (threads.size() < 2) {
              Thread.onSpinWait();
            }
          });
      assertThat(threads).hasSize(2).containsEntry(0, Thread.currentThread());
    }
  }

  @ParameterizedTest
  @MethodSource("crews")
  void aFailureReachesTheCallerAndTheCrewGoesOn(IntFunction<ComputeCrew> made) {
    try (ComputeCrew crew = made.apply(2)) {
      for (int failing : new int[] {0, 1, 49}) {
        assertThatThrownBy(
                () ->
                    crew.run(
                        50,
                        (_, task) -> {
                          if (task == failing) {
                            throw new IllegalArgumentException("task " + task);
                          }
                        }))
            .hasStackTraceContaining("task " + failing);
      }
      AtomicInteger runs = new AtomicInteger();
      crew.run(50, (_, _) -> runs.incrementAndGet());
      assertThat(runs).hasValue(50);
    }
  }
}
