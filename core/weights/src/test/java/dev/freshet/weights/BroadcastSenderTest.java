package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The sender and {@link Broadcasts}, each of which is also tested alone. */
@Timeout(60)
class BroadcastSenderTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path run;

  @Test
  void theTakerGetsTheNewestStepWholeWithoutConfigurationAndManifest() throws Exception {
    Path dir = run.resolve("broadcasts");
    BroadcastSender sender = new BroadcastSender(dir, 2, LONG);
    Broadcasts taker = new Broadcasts(dir);
    for (long step = 0; step <= 3; step++) {
      Path published = published(step);
      long before = step - 1;
      CompletableFuture<Long> taken = CompletableFuture.supplyAsync(() -> await(taker, before));

      assertThat(sender.send(step, published)).isTrue();

      assertThat(taken.get(30, TimeUnit.SECONDS)).isEqualTo(step);
      taker.requireWhole(step);
      assertThat(files(taker.path(step)))
          .containsExactly(
              ".finished", ".receiver_ready", ".sender_ready", ".started", "model.safetensors");
    }
    assertThat(files(dir)).containsExactly("step_2", "step_3");
  }

  @Test
  void anOfferThatNobodyTakesIsAnErrorThatNamesTheMarker() throws Exception {
    BroadcastSender sender = new BroadcastSender(run, 2, Duration.ofMillis(50));

    assertThatThrownBy(() -> sender.send(4, published(4)))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "%s: no .receiver_ready within 50 ms: nobody takes the weights, expected an orchestrator that watches %s",
            sender.path(4), run);
  }

  @Test
  void whatAnEarlierProcessLeftOfAStepIsNotTakenForAnAcceptance() throws Exception {
    BroadcastSender sender = new BroadcastSender(run, 2, Duration.ofMillis(50));
    Files.createFile(Files.createDirectories(sender.path(4)).resolve(".receiver_ready"));

    assertThatThrownBy(() -> sender.send(4, published(4))).isInstanceOf(CheckpointException.class);

    assertThat(files(sender.path(4))).containsExactly(".sender_ready");
  }

  @Test
  void aStoppedSenderWithdrawsItsOffer() throws Exception {
    BroadcastSender sender = new BroadcastSender(run, 2, LONG);
    sender.stop();

    assertThat(sender.send(4, published(4))).isFalse();

    assertThat(sender.path(4)).doesNotExist();
  }

  private Path published(long step) {
    float[] values = {step, 1, 2, 3};
    return new CheckpointStore(run.resolve("weights"))
        .publish(
            step,
            step,
            List.of(new TensorView("w", DType.F32, new long[] {4}, MemorySegment.ofArray(values))),
            Map.of("config.json", new byte[] {'{', '}'}));
  }

  private static long await(Broadcasts taker, long above) {
    try {
      return taker.awaitNewerThan(above, LONG);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> files(Path dir) throws IOException {
    try (Stream<Path> children = Files.list(dir)) {
      return children.map(child -> child.getFileName().toString()).sorted().toList();
    }
  }
}
