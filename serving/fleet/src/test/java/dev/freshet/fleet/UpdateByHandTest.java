package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Conditions;
import dev.freshet.client.ScriptedServer;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

@Timeout(60)
class UpdateByHandTest {
  static final List<Dialect> DIALECTS = Dialects.ALL;
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final UpdateWeightsRequest REQUEST =
      UpdateWeightsRequest.of("/w/step_8", OptionalLong.of(8), UpdateMode.KEEP);

  @TempDir private Path weights;

  @Test
  void everyServerIsUpdatedAndEveryFailureIsReported() throws Exception {
    try (ScriptedServer good = Peers.serve(Peers.freshet(8));
        ScriptedServer other = Peers.serve(Peers.freshet(7));
        ScriptedServer refusing = Peers.serve(Peers.VLLM);
        UpdateByHand update = update(Dialects.FRESHET, good.url(), other.url(), refusing.url())) {
      UpdateByHand.Outcome outcome = update.run(REQUEST);

      assertThat(outcome.table().orElseThrow()).contains(good.url().toString());
      assertThat(outcome.failures()).hasSize(2);
      assertThat(outcome.failures().getFirst())
          .contains(other.url() + " acknowledged version 7, expected 8");
      assertThat(outcome.failures().getLast()).contains("HTTP 404");
    }
  }

  @ParameterizedTest
  @FieldSource("DIALECTS")
  void anInterruptEndsTheRetriesOfAServerThatRefusesConnections(Dialect dialect) throws Exception {
    interruptEnds(update(dialect, Conditions.refusedUrl()), published(), () -> updateIsIn("sleep"));
  }

  @Test
  void anInterruptEndsACallThatIsNotAnswered() throws Exception {
    try (ScriptedServer server = Peers.serve(0, Peers.freshet(8), Peers.FRESHET_UPDATE)) {
      interruptEnds(
          update(Dialects.FRESHET, server.url()), REQUEST, () -> !server.requests().isEmpty());
    }
  }

  private UpdateWeightsRequest published() {
    Path dir = Checkpoints.publish(weights, 8, Checkpoints.MODEL);
    return UpdateWeightsRequest.of(dir.toString(), OptionalLong.of(8), UpdateMode.KEEP);
  }

  /** Interrupts the caller of a run in the given situation: the run and its threads must end. */
  private static void interruptEnds(
      UpdateByHand update, UpdateWeightsRequest request, BooleanSupplier situation)
      throws Exception {
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    Thread caller =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try (update) {
                    update.run(request);
                    ended.complete(new AssertionError("the run was not interrupted"));
                  } catch (Throwable e) {
                    ended.complete(e);
                  }
                });
    Conditions.await("the situation", situation);
    caller.interrupt();

    assertThat(ended.get(30, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    Conditions.await("the end of its threads", () -> updateThreads().isEmpty());
  }

  private static List<Thread> updateThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("freshet-update-"))
        .toList();
  }

  /** Whether an update is in that method of the JDK's threads, called by the retries. */
  private static boolean updateIsIn(String method) {
    return updateThreads().stream()
        .map(Thread::getStackTrace)
        .anyMatch(
            stack ->
                Arrays.stream(stack).anyMatch(frame -> frame.getMethodName().equals(method))
                    && Arrays.stream(stack)
                        .anyMatch(
                            frame -> frame.getClassName().equals(ReplicaAdmin.class.getName())));
  }

  private static UpdateByHand update(Dialect dialect, URI... servers) {
    return new UpdateByHand(List.of(servers), dialect, Optional.empty(), LONG);
  }
}
