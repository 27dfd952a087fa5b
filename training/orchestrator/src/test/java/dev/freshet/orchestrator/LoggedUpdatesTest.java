package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.environments.ReverseText;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateEvent.Kind;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.TraceId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The update log that a run writes. */
class LoggedUpdatesTest {
  @TempDir Path dir;
  private Tokenizer tokenizer;
  private ReverseText environment;

  @BeforeEach
  void open() throws IOException {
    tokenizer = TestRun.tokenizer(dir);
    environment = TestRun.reverseText();
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void aVersionIsLoggedAsSentBeforeAnyServerIsAskedAndAsServedOnceAllHaveIt() throws Exception {
    AtomicInteger unannounced = new AtomicInteger();
    try (TestServer a = new TestServer(TestRun::reverser);
        TestServer b = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 4, a, b), tokenizer, environment);
        TestTrainer trainer = run.trainer(4, batch -> {})) {
      run.batches.updates().begin(17); // An earlier run's.
      for (TestServer server : List.of(a, b)) {
        server.updateGate =
            post -> {
              List<UpdateEvent> log = events(run);
              UpdateEvent sent =
                  UpdateEvent.sent(post.step(), admin(server), new TraceId(post.trace()));
              if (!log.contains(sent) || log.contains(UpdateEvent.served(post.step()))) {
                unannounced.incrementAndGet();
              }
              return 200;
            };
      }
      run.start();
      assertThat(run.report().finished()).isTrue();
      assertThat(trainer.batches).hasSize(4);

      assertThat(unannounced).hasValue(0);
      List<UpdateEvent> log = events(run);
      assertThat(log).startsWith(UpdateEvent.served(0)).endsWith(UpdateEvent.served(4));
      assertThat(log.stream().filter(event -> event.kind() == Kind.SENT))
          .containsExactlyInAnyOrderElementsOf(sentAccordingToMetrics(run));
      assertThat(log).noneMatch(event -> event.kind() == Kind.FAILED);
      assertThat(log).extracting(UpdateEvent::version).isSorted();
    }
  }

  @Test
  void aRefusalIsLoggedAsFailedAndAVersionThatAllRefuseIsNotLoggedAsServed() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 4, server), tokenizer, environment);
        TestTrainer trainer =
            run.trainer(
                4,
                batch -> {
                  if (batch.step() == 2) { // Version 1 is not to be skipped.
                    TestRun.await("an update", () -> !server.updatePosts.isEmpty());
                  }
                })) {
      server.updateGate = post -> post.step() == 1 ? 409 : 200;
      run.start();
      assertThat(run.report().finished()).isTrue();
      assertThat(trainer.batches).hasSize(4);

      TraceId refused = new TraceId(server.updatePosts.getFirst().trace());
      assertThat(events(run))
          .startsWith(
              UpdateEvent.served(0),
              UpdateEvent.sent(1, admin(server), refused),
              UpdateEvent.failed(1, admin(server), refused))
          .doesNotContain(UpdateEvent.served(1))
          .endsWith(UpdateEvent.served(4));
    }
  }

  private static List<UpdateEvent> events(TestRun run) {
    return run.batches.updates().read().orElseThrow();
  }

  private static List<UpdateEvent> sentAccordingToMetrics(TestRun run) throws IOException {
    return run.metrics("update").stream().map(LoggedUpdatesTest::sent).toList();
  }

  private static UpdateEvent sent(JsonNode update) {
    return UpdateEvent.sent(
        update.path("step").asLong(),
        update.path("server").asString(),
        new TraceId(update.path("trace").asString()));
  }

  private static String admin(TestServer server) {
    return server.address().admin().toString();
  }
}
