package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A publisher in a process of its own, killed without warning while it writes. */
@Timeout(120)
class KilledPublisherTest {
  private static final int ROUNDS = 4;
  private static final int BYTES = 32 << 20;

  /** The child: publishes one step after another until it is killed. */
  static final class Publisher {
    private Publisher() {}

    public static void main(String[] arguments) {
      CheckpointStore store = new CheckpointStore(Path.of(arguments[0]));
      List<TensorView> tensors = List.of(RawFiles.tensor("t", DType.U8, new byte[BYTES], BYTES));
      for (long step = store.latest().orElse(0) + 1; ; step++) {
        store.publish(step, step - 1, tensors, Map.of());
        store.retain(1, Set.of());
      }
    }
  }

  @Test
  void everyVisibleStepVerifiesAndTheNextPublisherRemovesLeftovers(@TempDir Path run)
      throws Exception {
    Path weights = run.resolve("weights");
    CheckpointStore store = new CheckpointStore(weights);
    for (int round = 0; round < ROUNDS; round++) {
      List<Path> before = hidden(weights);
      Process child =
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElseThrow(),
                  "-Xmx256m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Publisher.class.getName(),
                  weights.toString())
              .inheritIO()
              .start();
      try {
        awaitNewHidden(weights, before, child);
        Thread.sleep(7L * round); // Kills it at another point of the publication each time.
      } finally {
        child.destroyForcibly();
      }
      assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
      for (long step : store.steps()) {
        CheckpointStore.verify(store.path(step));
      }
    }

    long next = store.latest().orElse(0) + 1;
    store.publish(
        next, next - 1, List.of(RawFiles.tensor("t", DType.U8, new byte[1], 1)), Map.of());

    assertThat(hidden(weights)).isEmpty();
    CheckpointStore.verify(store.path(next));
  }

  /** Waits until the child has begun to write a step. */
  private static void awaitNewHidden(Path weights, List<Path> before, Process child)
      throws Exception {
    long start = System.nanoTime();
    while (before.containsAll(hidden(weights))) {
      assertThat(child.isAlive()).isTrue();
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      Thread.sleep(1);
    }
  }

  private static List<Path> hidden(Path weights) throws IOException {
    if (!Files.isDirectory(weights)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(weights)) {
      return children.filter(p -> String.valueOf(p.getFileName()).startsWith(".step_")).toList();
    }
  }
}
