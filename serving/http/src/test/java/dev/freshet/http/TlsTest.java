package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.config.ConfigException;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP over TLS behaves as HTTP does, and its certificate may change while it is served. */
@Timeout(120)
class TlsTest {
  private static final String GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

  @TempDir private static Path shared;

  private static TestCertificate ec;
  private static TestCertificate rsa;

  @TempDir private Path dir;

  @BeforeAll
  static void makeCertificates() throws Exception {
    ec = TestCertificate.make(shared, "ec", "EC");
    rsa = TestCertificate.make(shared, "rsa", "RSA");
  }

  private static String post(String body) {
    return "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(body.length(), body);
  }

  private static String get(String path) {
    return GET.replace("GET /", "GET " + path);
  }

  @ParameterizedTest
  @CsvSource({"RSA, TLSv1.2", "RSA, TLSv1.3", "EC, TLSv1.2", "EC, TLSv1.3"})
  void requestsOfAConnectionAndTheirStreamsAreAnsweredOverTls(String algorithm, String protocol)
      throws Exception {
    TestCertificate certificate = algorithm.equals("RSA") ? rsa : ec;
    try (Tls tls = Tls.follow(certificate.certificates, certificate.key);
        TestListener server = new TestListener(tls);
        RawClient client = new RawClient(certificate.connect(server, protocol))) {
      assertThat(server.listener.url())
          .hasToString("https://127.0.0.1:" + server.address().getPort());
      assertThat(client.ask(GET).body()).isEqualTo("\"/{}\"");
      assertThat(client.ask(post("x".repeat(300_000))).body()).hasSize(300_000);
      client.send(get("/events"));
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();
      assertThat(client.answer().body()).isEqualTo("data: last\n\n");
      assertThat(client.ask(get("/nowhere")).status()).isEqualTo(404);
      assertThat(client.ask(GET).status()).isEqualTo(200);
    }
  }

  @Test
  void handshakesAreComputedBesideTheEventLoops() throws Exception {
    try (Tls tls = Tls.follow(ec.certificates, ec.key);
        TestListener server = new TestListener(tls)) {
      assertThat(ec.servedBy(server)).isPresent();
      assertThat(Thread.getAllStackTraces().keySet())
          .extracting(Thread::getName)
          .anyMatch(name -> name.matches("freshet-.*-tls-\\d+"));
    }
    Eventually.holds(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().matches("freshet-.*-tls-\\d+")));
  }

  @Test
  void onlyHttp11IsOffered() throws Exception {
    try (Tls tls = Tls.follow(ec.certificates, ec.key);
        TestListener server = new TestListener(tls);
        SSLSocket socket = ec.connect(server, "TLSv1.3")) {
      var parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();

      assertThat(socket.getApplicationProtocol()).isEqualTo("http/1.1");
    }
  }

  @Test
  void aPlainRequestIsAnsweredThatThePortSpeaksTls() throws Exception {
    try (Tls tls = Tls.follow(ec.certificates, ec.key);
        TestListener server = new TestListener(tls);
        RawClient client = new RawClient(server.address())) {
      RawClient.Answer answer = client.ask(GET);

      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("a plain HTTP request to an HTTPS port");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void aHandshakeThatTakesTooLongEndsItsConnection() throws Exception {
    try (Tls tls = Tls.follow(ec.certificates, ec.key, Duration.ofMillis(200));
        TestListener server = new TestListener(tls);
        RawClient client = new RawClient(server.address())) {
      client.send("\u0016\u0003\u0001\u0002\u0000\u0001");

      client.socket.getInputStream().readAllBytes(); // At most an alert, then the end.
    }
  }

  @Test
  void aClientThatEndsItsSendingSideIsAnswered() throws Exception {
    try (Tls tls = Tls.follow(ec.certificates, ec.key);
        TestListener server = new TestListener(tls);
        RawClient client = new RawClient(ec.connect(server, "TLSv1.3"))) {
      client.send(get("/slow"));
      Eventually.holds(() -> server.held.size() == 1);
      client.socket.shutdownOutput();
      server.finish();

      assertThat(client.answer().body()).isEqualTo("{\"slow\":true}");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void theAnswerToARefusedRequestArrivesWhole(String protocol) throws Exception {
    try (Tls tls = Tls.follow(ec.certificates, ec.key);
        TestListener server = new TestListener(tls)) {
      for (int i = 0; i < 10; i++) {
        try (RawClient client = new RawClient(ec.connect(server, protocol))) {
          client.send(
              "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"
                  + "x".repeat(100_000));
          assertThat(client.answer().status()).isEqualTo(400);
          assertThat(client.isEnded()).isTrue();
        }
      }
    }
  }

  @Test
  void aClientThatReadsNothingHoldsUpItsAnswersAloneAndGetsThemLater() throws Exception {
    int count = 3000;
    try (Tls tls = Tls.follow(ec.certificates, ec.key);
        TestListener server = new TestListener(tls);
        RawClient client = new RawClient(ec.connect(server, "TLSv1.3"));
        RawClient other = new RawClient(ec.connect(server, "TLSv1.3"))) {
      Thread sender =
          Thread.startVirtualThread(
              () -> {
                try {
                  client.send(post("x".repeat(5000)).repeat(count));
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      assertThat(other.ask(GET).status()).isEqualTo(200);
      for (int i = 0; i < count; i++) {
        assertThat(client.answer().body()).hasSize(5000);
      }
      sender.join();
    }
  }

  @Test
  void connectionsGetANewCertificateOnceItsFilesAreReplacedByAPairThatFits() throws Exception {
    TestCertificate old = rsa;
    TestCertificate next = ec;
    Path certificates = Files.copy(old.certificates, dir.resolve("tls.crt"));
    Path key = Files.copy(old.key, dir.resolve("tls.key"));
    try (Tls tls = Tls.follow(certificates, key);
        TestListener server = new TestListener(tls);
        RawClient before = new RawClient(old.connect(server, "TLSv1.3"))) {
      assertThat(before.ask(GET).status()).isEqualTo(200);
      Files.writeString(certificates, "no certificate");
      Eventually.holds(tls::isRead);
      assertThat(old.servedBy(server)).isPresent();

      Files.copy(next.certificates, certificates, StandardCopyOption.REPLACE_EXISTING);
      Eventually.holds(tls::isRead); // The key is still the old one's.
      assertThat(old.servedBy(server)).isPresent();

      Files.copy(next.key, key, StandardCopyOption.REPLACE_EXISTING);
      Eventually.holds(() -> isServed(next, server));
      assertThat(old.servedBy(server)).isEmpty();
      assertThat(before.ask(GET).status()).as("an established connection").isEqualTo(200);
    }
  }

  private static boolean isServed(TestCertificate certificate, TestListener server) {
    try {
      return certificate.servedBy(server).isPresent();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void filesThatCannotBeUsedAreRefusedWithWhatIsExpected() throws Exception {
    TestCertificate one = ec;
    TestCertificate other = TestCertificate.make(dir, "other", "EC");
    Path empty = Files.writeString(dir.resolve("empty"), "");
    Path old =
        Files.writeString(
            dir.resolve("old"),
            "-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END",
            StandardCharsets.US_ASCII);

    assertThatThrownBy(() -> Tls.follow(one.certificates, other.key))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("is not that of the first certificate");
    assertThatThrownBy(() -> Tls.follow(empty, one.key))
        .hasMessageContaining(empty + ": expected a certificate in PEM");
    assertThatThrownBy(() -> Tls.follow(dir.resolve("none"), one.key))
        .hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> Tls.follow(one.certificates, empty))
        .hasMessageContaining("got no PEM");
    assertThatThrownBy(() -> Tls.follow(one.certificates, old))
        .hasMessageContaining("got -----BEGIN RSA PRIVATE KEY-----; convert it with: openssl");
  }

  @Test
  void aConnectionThatIsClosedInItsHandshakeLeavesTheListenerServing() throws Exception {
    try (Tls tls = Tls.follow(ec.certificates, ec.key);
        TestListener server = new TestListener(tls)) {
      for (int i = 0; i < 20; i++) {
        try (Socket socket =
            new Socket(server.address().getAddress(), server.address().getPort())) {
          socket.getOutputStream().write(new byte[] {22, 3, 1, 0, (byte) i, 9, 9, 9});
        }
      }
      assertThat(ec.servedBy(server)).isPresent();
    }
  }
}
