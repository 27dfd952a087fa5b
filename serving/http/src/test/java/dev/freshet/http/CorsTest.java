package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What pages of allowed origins may do (Fetch standard, section 3.3). */
@Timeout(120)
class CorsTest {
  private static final String APP = "https://app.example.org";

  @AutoClose
  private final TestListener server =
      new TestListener(
          HttpLimits.DEFAULT,
          BrowserGuard.ofOpen(TestListener.ANY_PORT, List.of()).allowing(List.of(APP)));

  private RawClient.Answer ask(String method, String path, String... headers) throws IOException {
    return RawClient.exchange(
        server.address(),
        "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
            .formatted(
                method,
                path,
                String.join("", List.of(headers).stream().map(line -> line + "\r\n").toList())));
  }

  @Test
  void aPreflightOfAnAllowedOriginIsAnsweredWithWhatItAsksFor() throws IOException {
    RawClient.Answer answer =
        ask(
            "OPTIONS",
            "/echo",
            "Origin: " + APP,
            "Sec-Fetch-Site: cross-site",
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: authorization, content-type");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("access-control-allow-origin")).isEqualTo(APP);
    assertThat(answer.header("access-control-allow-methods")).contains("POST");
    assertThat(answer.header("access-control-allow-headers"))
        .isEqualTo("authorization, content-type");
    assertThat(answer.header("vary")).isEqualToIgnoringCase("origin");
  }

  @Test
  void anAnswerAnErrorAndAStreamMayBeReadByAPageOfAnAllowedOrigin() throws Exception {
    for (String path : List.of("/", "/nowhere")) {
      assertThat(ask("GET", path, "Origin: " + APP).header("access-control-allow-origin"))
          .as(path)
          .isEqualTo(APP);
    }
    try (RawClient client = new RawClient(server.address())) {
      client.send("GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: " + APP + "\r\n\r\n");
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();
      assertThat(client.answer().header("access-control-allow-origin")).isEqualTo(APP);
    }
  }

  @Test
  void aPageOfAnotherOriginIsRefusedAndMayReadNothing() throws IOException {
    for (String method : List.of("GET", "OPTIONS")) {
      RawClient.Answer answer =
          ask(
              method,
              "/",
              "Origin: https://app.example.org.evil.example",
              "Access-Control-Request-Method: POST");

      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.headers()).doesNotContainKey("access-control-allow-origin");
    }
  }

  @Test
  void aProgramGetsNoPermissionItDidNotAskFor() throws IOException {
    assertThat(ask("GET", "/").headers()).doesNotContainKeys("access-control-allow-origin", "vary");
    assertThat(ask("OPTIONS", "/echo").status()).isEqualTo(405);
  }

  @Test
  void anyOriginIsAllowedByAnAsterisk() throws IOException {
    BrowserGuard any = BrowserGuard.ofOpen(TestListener.ANY_PORT, List.of()).allowing(List.of("*"));
    try (TestListener open = new TestListener(HttpLimits.DEFAULT, any)) {
      assertThat(
              RawClient.exchange(
                      open.address(),
                      "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://x:1\r\n\r\n")
                  .header("access-control-allow-origin"))
          .isEqualTo("http://x:1");
    }
  }
}
