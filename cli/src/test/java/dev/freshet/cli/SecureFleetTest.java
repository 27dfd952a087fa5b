package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.http.TestCertificate;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs of Freshet talk to {@code freshet serve} over TLS, as processes. */
@Timeout(240)
class SecureFleetTest {
  private static final Pattern SERVED =
      Pattern.compile("completions (https://\\S+)\\s+admin\\s+(https://\\S+)\\s");
  private static final Pattern ROUTED = Pattern.compile("requests (http://\\S+)\\s+admin");

  @TempDir Path dir;

  private Path made(String name) throws Exception {
    return Files.createDirectory(dir.resolve(name));
  }

  private static Matcher found(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return matcher;
  }

  @Test
  void aFrontAndOrdersReachAServerThatTheyTrustOverTls() throws Exception {
    TestCertificate certificate = TestCertificate.make(dir, "server", "EC");
    Map<String, String> trusting = Map.of("FRESHET_CA_FILE", certificate.certificates.toString());
    try (ChildProcess serving =
            ChildProcess.start(
                made("serve"),
                "serve",
                "--engine=synthetic",
                "--rate=200",
                "--port=0",
                "--admin-port=0",
                "--ssl-certfile=" + certificate.certificates,
                "--ssl-keyfile=" + certificate.key,
                "--http.ssl_admin=true");
        HttpClient client = HttpClient.newHttpClient()) {
      serving.awaitOut(SERVED);
      Matcher urls = found(SERVED, serving.out());
      try (ChildProcess routing =
          ChildProcess.start(
              made("route"),
              trusting,
              "route",
              "--upstream=" + urls.group(1) + "=freshet@" + urls.group(2),
              "--port=0",
              "--admin-port=0")) {
        routing.awaitOut(ROUTED);
        URI front = URI.create(found(ROUTED, routing.out()).group(1));
        var answer =
            client.send(
                HttpRequest.newBuilder(front.resolve("/v1/completions"))
                    .header("content-type", "application/json")
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            "{\"prompt\":[1,2],\"max_tokens\":20,\"stream\":true,\"ignore_eos\":true}"))
                    .build(),
                BodyHandlers.ofString());

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).endsWith("data: [DONE]\n\n");
      }
      try (ChildProcess waits =
          ChildProcess.start(made("waits"), trusting, "waits", urls.group(2))) {
        assertThat(waits.awaitExit()).as(waits.err()).isZero();
      }
      try (ChildProcess strange = ChildProcess.start(made("strange"), "waits", urls.group(2))) {
        assertThat(strange.awaitExit()).isEqualTo(1);
        assertThat(strange.out() + strange.err()).contains("cannot speak TLS", "PKIX");
      }
    }
  }
}
