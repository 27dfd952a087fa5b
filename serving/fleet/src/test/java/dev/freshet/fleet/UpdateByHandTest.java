package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Conditions;
import dev.freshet.fleet.PeerServer.Fault;
import dev.freshet.fleet.PeerServer.Plan;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

@Timeout(60)
class UpdateByHandTest {
  static final List<Dialect> DIALECTS = Dialects.ALL;
  private static final Duration LONG = Duration.ofMinutes(10);

  @TempDir private static Path weights;
  private static UpdateWeightsRequest request;
  private static String directory;

  @BeforeAll
  static void publish() {
    directory = Checkpoints.publish(weights, 8, Checkpoints.MODEL).toString();
    request = UpdateWeightsRequest.of(directory, OptionalLong.of(8), UpdateMode.KEEP);
  }

  @Test
  void serversOfSeveralProgramsAreUpdatedAsOne() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm")) {
      UpdateByHand.Outcome outcome = update(a.spec(), b.spec()).run(request);

      assertThat(outcome.failures()).isEmpty();
      assertThat(outcome.table().orElseThrow()).contains(a.url().toString(), b.url().toString());
      assertThat(outcome.notes()).anyMatch(note -> note.startsWith("slowest: "));
      assertThat(a.serves(directory) && b.serves(directory)).isTrue();
    }
  }

  @Test
  void ifOneFailsTheOthersKeepTheirVersionAndEveryFailureIsReported() throws Exception {
    try (PeerServer a = new PeerServer("freshet");
        PeerServer b = new PeerServer("vllm")) {
      b.arm(new Plan("/collective_rpc", Fault.FAILS, false));
      UpdateByHand.Outcome outcome = update(a.spec(), b.spec()).run(request);

      assertThat(outcome.failures())
          .anyMatch(line -> line.contains("1 of 2 servers updated"))
          .anyMatch(line -> line.contains("HTTP 500"))
          .anyMatch(line -> line.contains(b.url() + " is quarantined") && line.contains("paused"));
      assertThat(outcome.table().orElseThrow().lines())
          .anyMatch(line -> line.matches(" *phases +outcome +prepare +pause +apply .*wall"))
          .anyMatch(line -> line.matches("  %s +kept .*".formatted(a.url())))
          .anyMatch(line -> line.matches("  %s +failed .*".formatted(b.url())))
          .anyMatch(line -> line.matches(".* \\d+\\.\\d\\* .*"));
      assertThat(a.serves("base")).isTrue();
      assertThat(b.violations).isEmpty();
    }
  }

  @Test
  void aServerWhoseLoadHadNoEffectLoadsAgainIfTheWeightsAreCompared() throws Exception {
    try (PeerServer a = new PeerServer("vllm");
        PeerServer b = new PeerServer("vllm")) {
      b.loadsWithoutEffect.set(1);
      UpdateByHand update =
          new UpdateByHand(
              List.of(a.spec(), b.spec()),
              Optional.empty(),
              LONG,
              Optional.empty(),
              true,
              EventLog.silent(MonotonicClock.SYSTEM));
      UpdateByHand.Outcome outcome = update.run(request);

      assertThat(outcome.failures()).isEmpty();
      assertThat(outcome.notes()).anyMatch(note -> note.contains("have other checksums"));
      assertThat(b.calls.stream().filter("/collective_rpc"::equals)).hasSize(2);
      assertThat(a.paused || b.paused).isFalse();
    }
  }

  @Test
  void anUpdateThatWasInterruptedIsUndoneBeforeTheNextOne(@TempDir Path dir) throws Exception {
    Path journal = dir.resolve("fleet.jsonl");
    Target before = Target.of(7, directory, UpdateMode.KEEP);
    Target target = Target.of(8, directory, UpdateMode.KEEP);
    new TransactionJournal(journal).begin(target, Optional.of(before), List.of());
    try (PeerServer server = new PeerServer("vllm")) {
      server.paused = true;
      server.weights = "none";
      UpdateByHand.Outcome outcome =
          new UpdateByHand(
                  List.of(server.spec()),
                  Optional.empty(),
                  LONG,
                  Optional.of(journal),
                  false,
                  EventLog.silent(MonotonicClock.SYSTEM))
              .run(request);

      assertThat(outcome.failures()).isEmpty();
      assertThat(server.serves(directory)).isTrue();
      assertThat(server.violations).isEmpty();
      assertThat(new TransactionJournal(journal).open()).isEmpty();
    }
  }

  @ParameterizedTest
  @FieldSource("DIALECTS")
  void anInterruptEndsTheRetriesOfAServerThatRefusesConnections(Dialect dialect) throws Exception {
    ReplicaSpec refusing = ReplicaSpec.ofAdmin(Conditions.refusedUrl().toString(), dialect);
    interruptEnds(update(refusing), () -> updateIsIn("sleep"));
  }

  @Test
  void anInterruptEndsACallThatIsNotAnswered() throws Exception {
    try (PeerServer server = new PeerServer("freshet")) {
      server.arm(new Plan("/update_weights", Fault.STOPPED, true));
      interruptEnds(update(server.spec()), server::isStopped);
    }
  }

  /** Interrupts the caller of a run in the given situation: the run and its threads must end. */
  private static void interruptEnds(UpdateByHand update, BooleanSupplier situation)
      throws Exception {
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    Thread caller =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    var _ = update.run(request);
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
                        .anyMatch(frame -> frame.getClassName().equals(OneServer.class.getName())));
  }

  private static UpdateByHand update(ReplicaSpec... servers) {
    return new UpdateByHand(
        List.of(servers),
        Optional.empty(),
        LONG,
        Optional.empty(),
        false,
        EventLog.silent(MonotonicClock.SYSTEM));
  }
}
