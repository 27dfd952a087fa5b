package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code freshet route} in front of {@code freshet serve}, as processes. */
@Timeout(240)
class RouteCommandTest {
  private static final Pattern STATE =
      Pattern.compile("INFO  router \\[fleet] replica\\.state server=\\S+ state=serving");

  private static final Pattern SERVED =
      Pattern.compile("completions (http://\\S+)\\s+admin\\s+(http://\\S+)\\s");
  private static final Pattern ROUTED = Pattern.compile("requests (http://\\S+)\\s+admin");

  @TempDir Path server;
  @TempDir Path route;

  private static Matcher found(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return matcher;
  }

  @Test
  void aCompletionStreamsThroughTheFrontAndSigtermEndsIt() throws Exception {
    try (ChildProcess serving =
            ChildProcess.start(
                server, "serve", "--engine=synthetic", "--rate=200", "--port=0", "--admin-port=0");
        HttpClient client = HttpClient.newHttpClient()) {
      serving.awaitOut(SERVED);
      Matcher urls = found(SERVED, serving.out());
      try (ChildProcess routing =
          ChildProcess.start(
              route,
              "route",
              "--upstream=" + urls.group(1) + "=freshet@" + urls.group(2),
              "--port=0",
              "--admin-port=0")) {
        routing.awaitOut(ROUTED);
        URI front = URI.create(found(ROUTED, routing.out()).group(1));
        String body = "{\"prompt\":[1,2],\"max_tokens\":20,\"stream\":true,\"ignore_eos\":true}";
        var answer =
            client.send(
                HttpRequest.newBuilder(front.resolve("/v1/completions"))
                    .header("content-type", "application/json")
                    .header("x-freshet-min-version", "0")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build(),
                BodyHandlers.ofString());

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("x-accel-buffering")).hasValue("no");
        assertThat(answer.body()).endsWith("data: [DONE]\n\n");
        routing.awaitOut(STATE);
        routing.signal("TERM");
        assertThat(routing.awaitEnd()).isEqualTo(143);
      }
      serving.signal("TERM");
      assertThat(serving.awaitEnd()).isEqualTo(143);
    }
  }

  @Test
  void aFrontWithoutAServerIsRefused() {
    CommandLineRun run = CommandLineRun.of("route", "--port", "0");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .contains("expected --upstream URL, --upstreams-file FILE or --router.kubernetes_service");
  }

  @Test
  void aMalformedServerIsRefusedWithTheForm() {
    CommandLineRun run = CommandLineRun.of("route", "--upstream", "10.0.0.1:8000");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("10.0.0.1:8000", "expected http://HOST:PORT[=KIND[@ADMIN-URL]]");
  }
}
