package dev.freshet.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.StreamException.Kind;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class StreamingClientTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final CompletionRequest REQUEST =
      CompletionRequest.tokens(5, 6, 7).maxTokens(4).logprobs(0).returnTokenIds(true).build();

  private final StreamingClient client = new StreamingClient();

  @AfterEach
  void close() {
    client.close();
  }

  @Test
  void aStreamThatArrivesByteByByteIsOneCompletion() throws Exception {
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              c.readRequest();
              c.beginEvents();
              c.trickle(
                  ScriptedServer.chunk("data: " + token("ä", 11, -0.5f, 3, 0) + "\r\n\r\n")
                      + ScriptedServer.chunk(": ping\n\ndata: " + token("🦀", 12, -1e-5f, 4, 1)));
              c.trickle(
                  ScriptedServer.chunk("\n\n")
                      + ScriptedServer.chunk(
                          "data: "
                              + last("length")
                              + "\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\ndata: [DONE]\n\n"));
              c.endEvents();
            })) {
      Call call = client.start(server.url(), REQUEST, LONG);
      Completion completion = await(call);

      assertThat(completion.text()).isEqualTo("ä🦀");
      assertThat(completion.tokenIds()).containsExactly(11, 12);
      assertThat(completion.logprobs()).containsExactly(-0.5f, -1e-5f);
      assertThat(completion.policyVersions()).containsExactly(3, 4);
      assertThat(completion.finishReason()).isEqualTo("length");
      assertThat(completion.promptTokens()).isEqualTo(3);
      assertThat(completion.id()).isEqualTo("c1");
      assertThat(completion.ttftMs()).isBetween(0.0, completion.wallMs());
      assertThat(call.tokens()).isEqualTo(2);
      assertThat(server.requests().getFirst())
          .startsWith("POST /v1/completions HTTP/1.1")
          .contains("\"stream\":true", "\"include_usage\":true", "\"prompt\":[5,6,7]");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"::1", "127.0.0.2"})
  void theNextAddressIsTriedIfOneRefuses(String refusing) throws Exception {
    InetAddress[] addresses = {InetAddress.ofLiteral(refusing), InetAddress.ofLiteral("127.0.0.1")};
    try (ScriptedServer server =
            new ScriptedServer(
                c -> {
                  c.readRequest();
                  c.beginEvents();
                  c.write(
                      ScriptedServer.chunk(
                          "data: "
                              + token("a", 11, -0.5f, 3, 0)
                              + "\n\ndata: "
                              + last("length")
                              + "\n\ndata: [DONE]\n\n"));
                  c.endEvents();
                });
        StreamingClient named = new StreamingClient(1, MonotonicClock.SYSTEM, _ -> addresses)) {
      URI url = URI.create("http://server:" + server.url().getPort());

      assertThat(await(named.start(url, REQUEST, LONG)).text()).isEqualTo("a");
      assertThat(server.connections()).isEqualTo(1);
    }
  }

  @Test
  void aConnectionCarriesOneCallAfterAnother() throws Exception {
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              while (c.readRequest()) {
                answer(c);
              }
            })) {
      for (int i = 0; i < 5; i++) {
        await(client.start(server.url(), REQUEST, LONG));
      }
      assertThat(server.connections()).isEqualTo(1);
      assertThat(server.requests()).hasSize(5);
    }
  }

  @Test
  void aKeptConnectionThatTheServerClosesOnTheNextRequestIsReplacedOnce() throws Exception {
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              c.readRequest();
              answer(c);
              c.readRequest();
            })) {
      await(client.start(server.url(), REQUEST, LONG));
      await(client.start(server.url(), REQUEST, LONG));

      assertThat(server.connections()).isEqualTo(2);
      assertThat(server.requests()).hasSize(3);
    }
  }

  @Test
  void aFreshConnectionThatTheServerClosesIsNotReplaced() throws Exception {
    try (ScriptedServer server = new ScriptedServer(c -> c.readRequest())) {
      StreamException error = failure(client.start(server.url(), REQUEST, LONG));

      assertThat(error.kind()).isEqualTo(Kind.TRUNCATED);
      assertThat(error.neverHandled()).isFalse();
      assertThat(server.connections()).isEqualTo(1);
    }
  }

  @Test
  void aRefusedRequestWasNeverHandled() throws Exception {
    StreamException error = failure(client.start(Conditions.refusedUrl(), REQUEST, LONG));

    assertThat(error.kind()).isEqualTo(Kind.UNREACHABLE);
    assertThat(error.neverHandled()).isTrue();
    assertThat(error).hasMessageContaining("refused");
  }

  @Test
  void anUnknownHostIsUnreachable() throws Exception {
    StreamException error =
        failure(client.start(URI.create("http://no-such-host.invalid:1"), REQUEST, LONG));

    assertThat(error.kind()).isEqualTo(Kind.UNREACHABLE);
    assertThat(error.neverHandled()).isTrue();
  }

  @Test
  void anHttpErrorHasItsStatusAndMessageAndTheConnectionIsReused() throws Exception {
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              c.readRequest();
              c.json(
                  "400 Bad Request",
                  "{\"error\":{\"message\":\"too long\",\"type\":\"t\",\"code\":7}}");
              c.readRequest();
              c.json("503 Service Unavailable", "<html> busy\n now</html>");
              c.readRequest();
              answer(c);
            })) {
      StreamException first = failure(client.start(server.url(), REQUEST, LONG));
      StreamException second = failure(client.start(server.url(), REQUEST, LONG));
      await(client.start(server.url(), REQUEST, LONG));

      assertThat(first.kind()).isEqualTo(Kind.REFUSED);
      assertThat(first.status()).isEqualTo(400);
      assertThat(first).hasMessageEndingWith("/v1/completions: HTTP 400: too long");
      assertThat(second.status()).isEqualTo(503);
      assertThat(second).hasMessageEndingWith("HTTP 503: <html> busy now</html>");
      assertThat(server.connections()).isEqualTo(1);
    }
  }

  @Test
  void anErrorWithinTheStreamFailsTheCall() throws Exception {
    StreamException error =
        failureOf(
            c -> {
              c.event(token("a", 1, -1, 0, 0));
              c.event("{\"error\":{\"message\":\"out of memory\",\"type\":\"t\",\"code\":\"c\"}}");
              c.awaitEnd();
            });

    assertThat(error.kind()).isEqualTo(Kind.FAILED);
    assertThat(error).hasMessageEndingWith("out of memory");
  }

  @Test
  void aStreamThatEndsWithoutDoneIsTruncated() throws Exception {
    StreamException ended =
        failureOf(
            c -> {
              c.event(token("a", 1, -1, 0, 0));
              c.endEvents();
            });
    StreamException closed = failureOf(c -> c.event(token("a", 1, -1, 0, 0)));

    assertThat(ended.kind()).isEqualTo(Kind.TRUNCATED);
    assertThat(ended).hasMessageEndingWith("the stream ended without [DONE], after 1 tokens");
    assertThat(closed.kind()).isEqualTo(Kind.TRUNCATED);
    assertThat(closed).hasMessageEndingWith("the server closed the connection after 1 tokens");
  }

  @Test
  void inconsistentChunksAreMalformed() throws Exception {
    assertThat(failureOf(c -> c.event("{\"choices\":[")))
        .hasMessageContaining("malformed JSON at line 1");
    assertThat(failureOf(c -> c.event(token("a", 1, -1, 0, 1))))
        .hasMessageContaining("weight_versions: expected a span from token 0 on");
    assertThat(
            failureOf(
                c ->
                    c.event(
                        "{\"choices\":[{\"index\":0,\"text\":\"a\",\"token_ids\":[1,2],\"logprobs\":{\"token_logprobs\":[-1]}}]}")))
        .hasMessageContaining("token_logprobs: expected those of 2 tokens, got 1");
    assertThat(
            failureOf(
                c ->
                    c.event(
                        "{\"choices\":[{\"index\":0,\"text\":\"a\",\"token_ids\":[1],\"logprobs\":{\"token_logprobs\":[null]}}]}")))
        .hasMessageContaining("choices/0/logprobs/token_logprobs/0: expected a number, got null");
    assertThat(
            failureOf(
                c -> {
                  for (int i = 0; i < 5; i++) {
                    c.event(token("a", 1, -1, 0, i));
                  }
                  c.awaitEnd();
                }))
        .hasMessageContaining("weight_versions: expected a span from token 4 on");
    assertThat(
            failureOf(
                c -> {
                  c.event("[DONE]");
                  c.awaitEnd();
                }))
        .hasMessageContaining("finish_reason: expected one");
  }

  @Test
  void cancellingClosesTheConnectionAtOnce() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              c.readRequest();
              c.beginEvents();
              c.event(token("a", 1, -1, 0, 0));
              c.awaitEnd();
              left.countDown();
            })) {
      Call call = client.start(server.url(), REQUEST, LONG);
      while (call.tokens() == 0) {
        Thread.onSpinWait();
      }
      call.cancel();

      StreamException error = failure(call);
      assertThat(error.kind()).isEqualTo(Kind.CANCELLED);
      assertThat(left.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aCallEndsAtItsDeadlineWhateverTheServerSends() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              c.readRequest();
              c.awaitEnd();
              left.countDown();
            })) {
      StreamException error = failure(client.start(server.url(), REQUEST, Duration.ofSeconds(2)));

      assertThat(error.kind()).isEqualTo(Kind.DEADLINE);
      assertThat(error.neverHandled()).isFalse();
      assertThat(left.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aClosedClientCancelsItsCallsAndRejectsNewOnes() throws Exception {
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              c.readRequest();
              c.awaitEnd();
            })) {
      Call running = client.start(server.url(), REQUEST, LONG);
      client.close();

      assertThat(failure(running).kind()).isEqualTo(Kind.CANCELLED);
      StreamException late = failure(client.start(server.url(), REQUEST, LONG));
      assertThat(late.kind()).isEqualTo(Kind.CANCELLED);
      assertThat(late.neverHandled()).isTrue();
    }
  }

  private StreamException failureOf(ScriptedServer.Script afterHead) throws Exception {
    try (ScriptedServer server =
        new ScriptedServer(
            c -> {
              c.readRequest();
              c.beginEvents();
              afterHead.serve(c);
            })) {
      return failure(client.start(server.url(), REQUEST, LONG));
    }
  }

  private static void answer(ScriptedServer.Connection c) throws Exception {
    c.beginEvents();
    c.event(token("a", 1, -1, 0, 0));
    c.event(last("stop"));
    c.endEventsWith("[DONE]");
  }

  private static String token(String text, int id, float logprob, int version, int at) {
    return """
        {"id":"c1","choices":[{"index":0,"text":"%s","token_ids":[%d],"logprobs":{"tokens":["x"],\
        "token_logprobs":[%s],"top_logprobs":[{}],"text_offset":[0]},"weight_versions":[{"version":"%d",\
        "start":%d,"end":%d}],"finish_reason":null,"stop_reason":null}]}"""
        .formatted(text, id, logprob, version, at, at + 1);
  }

  private static String last(String reason) {
    return "{\"id\":\"c1\",\"choices\":[{\"index\":0,\"text\":\"\",\"token_ids\":[],\"finish_reason\":\"%s\"}]}"
        .formatted(reason);
  }

  private static Completion await(Call call) throws Exception {
    return call.result().get(30, TimeUnit.SECONDS);
  }

  private static StreamException failure(Call call) throws Exception {
    CompletableFuture<Completion> result = call.result();
    try {
      throw new AssertionError("completed: " + result.get(30, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      return (StreamException) Objects.requireNonNull(e.getCause());
    }
  }
}
