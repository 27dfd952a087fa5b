package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Call;
import dev.freshet.client.Calls;
import dev.freshet.client.Completion;
import dev.freshet.client.Conditions;
import dev.freshet.client.GenerationRoute;
import dev.freshet.client.StreamingClient;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.CompletionRequestBuilder;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The versions of the tokens of a stream that crosses an update, by program. */
@Timeout(60)
class TokenVersionsTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration LOOK = Duration.ofMillis(20);

  @TempDir static Path dir;
  private static String checkpoint;

  private final StreamingClient client = new StreamingClient();

  @BeforeAll
  static void publish() {
    checkpoint = Checkpoints.publish(dir, 1, Checkpoints.MODEL).toString();
  }

  @AfterEach
  void close() {
    client.close();
  }

  @ParameterizedTest
  @CsvSource({
    "vllm, true, VLLM_TOKENS, false",
    "vllm, false, COMPLETIONS, true",
    "sglang, true, SGLANG, false",
    "sglang, false, SGLANG, true",
    "prime-rl, false, COMPLETIONS, true"
  })
  void tokensHaveTheVersionsOfTheEngineWhereItSaysAndAreMarkedWhereTheyAreSynthesised(
      String kind, boolean reports, GenerationRoute route, boolean synthesised) throws Exception {
    try (PeerServer server = new PeerServer(kind)) {
      server.generation.reportsVersions = reports;
      try (Fleet fleet = begun(server)) {
        Replica replica = acquire(fleet);
        assertThat(replica.generationRoute()).isEqualTo(route);
        assertThat(replica.salt()).contains("policy-0");
        Call call = stream(replica);
        server.generation.release(2);
        Conditions.await("two tokens", () -> call.tokens() == 2);

        assertThat(fleet.update(target(1)).failures()).isEmpty();
        server.generation.release(PeerGeneration.TOKENS);
        Completion completion = replica.ended(call, call.result().get(30, TimeUnit.SECONDS));

        assertThat(completion.policyVersions()).containsExactly(0, 0, 1, 1, 1, 1);
        assertThat(completion.synthesised()).isEqualTo(synthesised);
        assertThat(replica.salt()).contains("policy-1");
        assertThat(server.requests)
            .anyMatch(r -> r.startsWith(route.path()) && r.contains("policy-0"));
      }
    }
  }

  @Test
  void aRestartedServerIsAskedAgainHowItReportsVersions() throws Exception {
    try (PeerServer server = new PeerServer("vllm")) {
      server.generation.reportsVersions = true;
      try (Fleet fleet = begun(server)) {
        assertThat(fleet.update(target(1)).failures()).isEmpty();
        server.kill();
        server.generation.reportsVersions = false;
        server.start();
        Conditions.await(
            "the return of the server",
            () -> fleet.table().routes().stream().anyMatch(route -> route.incarnation() > 1));

        assertThat(acquire(fleet).generationRoute()).isEqualTo(GenerationRoute.COMPLETIONS);
      }
    }
  }

  @Test
  void withSaltedRequestsVllmKeepsTheKvCacheOfRunningCompletions() throws Exception {
    try (PeerServer server = new PeerServer("vllm");
        Fleet fleet = begun(server)) {
      server.busy = true;
      UpdateResult result = fleet.update(target(1).ofSaltedRequests());

      assertThat(result.committed()).isTrue();
      assertThat(result.replicas().getFirst().notes()).isEmpty();
      assertThat(server.requests)
          .contains("/reset_prefix_cache")
          .doesNotContain("/reset_prefix_cache?reset_running_requests=true");
    }
  }

  private static Target target(long version) {
    return Target.of(version, checkpoint, UpdateMode.KEEP);
  }

  private Call stream(Replica replica) {
    CompletionRequestBuilder request =
        CompletionRequest.tokens(5, 6).maxTokens(8).logprobs(0).returnTokenIds(true);
    replica.salt().ifPresent(request::cacheSalt);
    Call call =
        client.start(replica.address().data(), replica.generationRoute(), request.build(), LONG);
    replica.streams().started(call);
    return call;
  }

  private static Replica acquire(Fleet fleet) throws InterruptedException {
    return fleet.acquire(Optional.empty(), new Calls()).orElseThrow();
  }

  private static Fleet begun(PeerServer server) throws InterruptedException {
    Fleet fleet =
        new Fleet(
            List.of(server.spec()),
            Optional.empty(),
            new FleetOptions(PhaseDeadlines.all(LONG), 0, LOOK, LONG, Optional.empty()),
            UpdateJournal.NONE,
            EventLog.silent(MonotonicClock.SYSTEM));
    var _ = fleet.begin(LONG, () -> false);
    return fleet;
  }
}
