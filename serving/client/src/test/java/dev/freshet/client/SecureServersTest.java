package dev.freshet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.freshet.client.StreamException.Kind;
import dev.freshet.http.ClientTls;
import dev.freshet.http.TestCertificate;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.CompletionRequest;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams and admin calls to servers that speak TLS. */
@Timeout(120)
class SecureServersTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final String TOKEN =
      "{\"id\":\"c1\",\"choices\":[{\"index\":0,\"text\":\"a\",\"token_ids\":[11],"
          + "\"logprobs\":{\"token_logprobs\":[-0.5]},\"finish_reason\":\"length\"}]}";
  private static final CompletionRequest REQUEST =
      CompletionRequest.tokens(5, 6, 7).maxTokens(1).logprobs(0).returnTokenIds(true).build();

  @TempDir static Path dir;

  private static TestCertificate certificate;
  private static ClientTls trusting;

  @BeforeAll
  static void makeCertificate() throws Exception {
    certificate = TestCertificate.make(dir, "server", "EC");
    trusting = ClientTls.trusting(Optional.of(certificate.certificates));
  }

  private static StreamingClient streaming(ClientTls tls) {
    return new StreamingClient(
        1, MonotonicClock.SYSTEM, InetAddress::getAllByName, Optional.empty(), () -> tls);
  }

  private static AdminClient admin(URI server, ClientTls tls, Duration deadline) {
    return new AdminClient(
        server,
        AdminDeadlines.all(deadline),
        EventLog.silent(MonotonicClock.SYSTEM),
        Optional.empty(),
        HostNames.SHARED,
        () -> tls);
  }

  private static void answer(ScriptedServer.Connection c) throws Exception {
    c.beginEvents();
    c.event(TOKEN);
    c.event("[DONE]");
    c.endEvents();
  }

  private static StreamException refused(StreamingClient client, URI server) {
    ExecutionException error =
        catchThrowableOfType(
            ExecutionException.class,
            () ->
                client
                    .start(server, REQUEST, LONG)
                    .result()
                    .get(LONG.toSeconds(), TimeUnit.SECONDS));
    return (StreamException) Objects.requireNonNull(error.getCause());
  }

  @Test
  void aStreamFollowsAnotherOnItsVerifiedConnection() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                certificate.serving(),
                c -> {
                  while (c.readRequest()) {
                    answer(c);
                  }
                });
        StreamingClient client = streaming(trusting)) {
      // A stream that begins before the connection of the last one has its end opens another.
      int streams = 0;
      for (; streams < 200 && server.connections() == streams; streams++) {
        Completion completion =
            client
                .start(server.url(), REQUEST, LONG)
                .result()
                .get(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(completion.tokenIds()).containsExactly(11);
      }
      assertThat(server.connections()).isLessThan(streams);
      assertThat(server.requests().getFirst())
          .contains("host: 127.0.0.1:" + server.url().getPort());
    }
  }

  @Test
  void aStreamToAServerThatIsNotTrustedIsNeverSent() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(certificate.serving(), ScriptedServer.Connection::readRequest);
        StreamingClient client = streaming(ClientTls.trusting(Optional.empty()))) {
      StreamException error = refused(client, server.url());

      assertThat(error.kind()).isEqualTo(Kind.UNREACHABLE);
      assertThat(error).hasMessageContaining("TLS: ").hasMessageContaining("PKIX path building");
      assertThat(server.requests()).isEmpty();
    }
  }

  @Test
  void aStreamToAServerThatSpeaksNoTlsIsNeverSent() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(c -> c.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
        StreamingClient client = streaming(trusting)) {
      URI url = URI.create("https://127.0.0.1:" + server.url().getPort());

      assertThat(refused(client, url).kind()).isEqualTo(Kind.UNREACHABLE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 100_000})
  void anAdminCallIsAnsweredOverTls(int bytes) throws Exception {
    String body = "{\"weight_version\":\"7\",\"x\":\"%s\"}".formatted("y".repeat(bytes));
    try (ScriptedServer server =
            new ScriptedServer(
                certificate.serving(),
                c -> {
                  c.readRequest();
                  c.json("200 OK", body);
                });
        AdminClient client = admin(server.url(), trusting, LONG)) {
      assertThat(client.weightInfo().weightVersion()).isEqualTo("7");
      assertThat(client.server()).isEqualTo(server.url());
      assertThat(server.requests().getFirst()).contains("connection: close");
    }
  }

  @Test
  void anAdminCallToAServerThatIsNotTrustedIsNeverSent() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(certificate.serving(), ScriptedServer.Connection::readRequest);
        AdminClient client = admin(server.url(), ClientTls.trusting(Optional.empty()), LONG)) {
      AdminException error = failure(client);

      assertThat(error.code()).isEqualTo("unreachable");
      assertThat(error.neverHandled()).isTrue();
      assertThat(error).hasMessageContaining("cannot speak TLS", "PKIX path building");
      assertThat(server.requests()).isEmpty();
    }
  }

  @Test
  void anAdminCallToAServerThatClosesInTheHandshakeIsNeverSent() throws Exception {
    try (ScriptedServer server = new ScriptedServer(_ -> {});
        AdminClient client =
            admin(URI.create("https://127.0.0.1:" + server.url().getPort()), trusting, LONG)) {
      AdminException error = failure(client);

      assertThat(error.code()).isEqualTo("unreachable");
      assertThat(error.neverHandled()).isTrue();
    }
  }

  @Test
  void aHandshakeThatIsNotAnsweredEndsAtTheDeadlineToConnect() throws Exception {
    try (ScriptedServer server = new ScriptedServer(ScriptedServer.Connection::awaitEnd);
        AdminClient client =
            admin(
                URI.create("https://127.0.0.1:" + server.url().getPort()),
                trusting,
                Duration.ofMillis(300))) {
      AdminException error = failure(client);

      assertThat(error.code()).isEqualTo("connect_timeout");
      assertThat(error).hasMessageContaining("no TLS handshake within");
    }
  }

  private static AdminException failure(AdminClient client) {
    return catchThrowableOfType(AdminException.class, () -> client.reloadWeights(TraceId.random()));
  }
}
