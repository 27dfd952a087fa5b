package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.trace.DirectoryWatch;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** prime-rl's trainer, whose side of both protocols is played here. */
@Timeout(60)
class BroadcastsTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path run;
  private Path dir;
  private Broadcasts broadcasts;

  @BeforeEach
  void open() {
    dir = run.resolve("broadcasts");
    broadcasts = new Broadcasts(dir);
  }

  @Test
  void anOfferedStepIsAcceptedAndReturnedOnceItIsWritten() throws Exception {
    CompletableFuture<Long> found = awaited(6);
    Path step = Files.createDirectories(broadcasts.path(7));
    Files.createFile(step.resolve(".sender_ready"));
    assertThat(appears(step.resolve(".receiver_ready"))).isTrue();
    Files.createFile(step.resolve(".started"));
    write(step);
    assertThat(found).isNotDone();
    Files.createFile(step.resolve(".finished"));

    assertThat(found.get(30, TimeUnit.SECONDS)).isEqualTo(7);
    broadcasts.requireWhole(7);
  }

  @Test
  void theNewestOfferedStepIsAcceptedAndNoOlderOne() throws Exception {
    for (long step : new long[] {3, 4}) {
      Files.createFile(Files.createDirectories(broadcasts.path(step)).resolve(".sender_ready"));
    }
    CompletableFuture<Long> found = awaited(2);

    assertThat(appears(broadcasts.path(4).resolve(".receiver_ready"))).isTrue();
    assertThat(broadcasts.path(3).resolve(".receiver_ready")).doesNotExist();
    Files.createFile(broadcasts.path(4).resolve(".finished"));
    assertThat(found.get(30, TimeUnit.SECONDS)).isEqualTo(4);
  }

  @Test
  void anOfferOfTheVersionThatIsServedIsAcceptedAndNotReturned() throws Exception {
    CompletableFuture<Long> found = awaited(0);
    Path base = Files.createDirectories(broadcasts.path(0));
    Files.createFile(base.resolve(".sender_ready"));
    assertThat(appears(base.resolve(".receiver_ready"))).isTrue();
    Files.createFile(base.resolve(".finished"));
    assertThat(found).isNotDone();

    Files.createFile(Files.createDirectories(broadcasts.path(1)).resolve("STABLE"));
    assertThat(found.get(30, TimeUnit.SECONDS)).isEqualTo(1);
  }

  @Test
  void aStepOfTheEarlierProtocolIsWholeWithItsStableFile() throws Exception {
    CompletableFuture<Long> found = awaited(0);
    Path step = Files.createDirectories(broadcasts.path(1));
    write(step);
    assertThat(broadcasts.latest()).isEmpty();
    Files.createFile(step.resolve("STABLE"));

    assertThat(found.get(30, TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(step.resolve(".receiver_ready")).doesNotExist();
    broadcasts.requireWhole(1);
  }

  @Test
  void aWaitThatEndsSaysWhatIsMissing() throws Exception {
    assertThatThrownBy(() -> broadcasts.awaitNewerThan(0, Duration.ofMillis(20)))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "%s: a step above 0 did not appear whole within 20 ms: no step has a STABLE or .sender_ready file",
            dir);
    Files.createFile(Files.createDirectories(broadcasts.path(1)).resolve(".sender_ready"));

    assertThatThrownBy(() -> broadcasts.awaitNewerThan(0, Duration.ofMillis(20)))
        .hasMessageEndingWith(
            "the newest, %s, has no .finished after its .receiver_ready", broadcasts.path(1));
  }

  @Test
  void aStepWithoutWeightsIsNotWhole() throws Exception {
    Path step = Files.createDirectories(broadcasts.path(1));
    Files.createFile(step.resolve(".finished"));

    assertThatThrownBy(() -> broadcasts.requireWhole(1))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(step + ": no weights");
  }

  private CompletableFuture<Long> awaited(long above) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return broadcasts.awaitNewerThan(above, LONG);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
  }

  private static boolean appears(Path file) throws InterruptedException {
    return DirectoryWatch.await(
            file.resolveSibling("."),
            LONG,
            MonotonicClock.SYSTEM,
            () -> Optional.of(file).filter(Files::exists))
        .isPresent();
  }

  /** A file of weights, without a manifest. */
  private void write(Path step) throws IOException {
    TensorView tensor = RawFiles.tensor("w", DType.F32, RawFiles.floats(1, 2, 3, 4), 4);
    Path beside =
        new CheckpointStore(run.resolve("beside")).publish(1, 0, List.of(tensor), Map.of());
    Files.move(beside.resolve("model.safetensors"), step.resolve("model.safetensors"));
  }
}
