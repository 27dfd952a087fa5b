package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.Call;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.CompletionRequestBuilder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How a server that is told to stop ends its completions. */
@Timeout(120)
class DrainTest {
  private static final CompletionRequestBuilder ENDLESS =
      CompletionRequest.text("a").maxTokens(50_000).ignoreEos(true);

  @TempDir private Path dir;

  private ServerFixture server(Duration drain) throws Exception {
    return new ServerFixture(
        dir, ServerFixture.limits().drain(drain).build(), MonotonicClock.SYSTEM);
  }

  private static Thread closing(ServerFixture fixture) {
    return Thread.ofPlatform().start(fixture.server::close);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static int health(ServerFixture fixture) {
    try {
      return fixture.get(fixture.server.dataUrl(), "/health").statusCode();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void runningCompletionsEndWhileNewOnesAndHealthAreAnswered503() throws Exception {
    try (ServerFixture fixture = server(ServerFixture.LONG)) {
      fixture.engine.hold();
      Call running = fixture.start(CompletionRequest.text("a").maxTokens(3));
      eventually(() -> fixture.engine.running() == 1);

      Thread closing = closing(fixture);

      eventually(() -> health(fixture) == 503);
      HttpResponse<String> refused =
          fixture.post(fixture.server.dataUrl(), "/v1/completions", "{\"prompt\":\"a\"}");
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("retry-after")).isPresent();
      assertThat(json(refused.body()).at("/error/code").asString()).isEqualTo("shutting_down");
      assertThat(fixture.get(fixture.server.dataUrl(), "/v1/models").statusCode()).isEqualTo(200);
      fixture.engine.release();
      assertThat(ServerFixture.await(running).text()).isEqualTo("bcd");
      closing.join();
    }
  }

  @Test
  void aCompletionThatIsBeingSubmittedIsOneOfThoseThatRun() throws Exception {
    try (ServerFixture fixture = server(ServerFixture.LONG)) {
      CountDownLatch submitting = new CountDownLatch(1);
      CountDownLatch submit = new CountDownLatch(1);
      fixture.engine.beforeSubmit =
          () -> {
            submitting.countDown();
            await(submit);
          };
      Call running = fixture.start(CompletionRequest.text("a").maxTokens(3));
      await(submitting);

      Thread closing = closing(fixture);
      eventually(() -> closing.getState() == Thread.State.TIMED_WAITING);
      submit.countDown();

      assertThat(ServerFixture.await(running).text()).isEqualTo("bcd");
      closing.join();
    }
  }

  @Test
  void completionsThatTakeTooLongEndWithAnErrorThatIsNoEndOfAnAnswer() throws Exception {
    try (ServerFixture fixture = server(Duration.ofMillis(100))) {
      fixture.engine.hold();
      Call stream = fixture.start(ENDLESS);
      CompletableFuture<HttpResponse<String>> whole =
          fixture.http.sendAsync(
              HttpRequest.newBuilder(fixture.server.dataUrl().resolve("/v1/completions"))
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          "{\"prompt\":\"a\",\"max_tokens\":50000,\"ignore_eos\":true}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      eventually(() -> fixture.engine.running() == 2);
      fixture.engine.allow(2);
      eventually(() -> stream.tokens() == 2);

      closing(fixture).join();

      assertThatThrownBy(() -> ServerFixture.await(stream))
          .hasMessageContaining("the server was shut down before the completion ended");
      assertThat(whole.get().statusCode()).isEqualTo(503);
      assertThat(json(whole.get().body()).at("/error/code").asString()).isEqualTo("shutting_down");
      assertThat(fixture.engine.running()).isZero();
    }
  }
}
