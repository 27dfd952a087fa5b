package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** RFC 9110 and RFC 9112, as far as a client can see them. */
@Timeout(120)
class ProtocolTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String HOST = "Host: localhost\r\n";
  private static final int MAX_BODY = 1000;

  @AutoClose
  private final TestListener server =
      new TestListener(
          new HttpLimits(MAX_BODY, 1 << 20, Duration.ofSeconds(60), Duration.ofSeconds(75)));

  private RawClient connect() throws IOException {
    return new RawClient(server.address());
  }

  private RawClient.Answer ask(String request) throws IOException {
    return RawClient.exchange(server.address(), request);
  }

  private static String get(String target) {
    return "GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n";
  }

  private static String post(String body, String... headers) {
    return "POST /echo HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s"
        .formatted(HOST, headers(headers), body.length(), body);
  }

  private static String headers(String... headers) {
    return String.join("", List.of(headers).stream().map(header -> header + "\r\n").toList());
  }

  /** Asserts an error in OpenAI's shape. */
  private static void assertError(RawClient.Answer answer, int status, String message) {
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.header("content-type")).isEqualTo("application/json");
    JsonNode error = JSON.readTree(answer.body()).path("error");
    assertThat(error.path("message").asString()).contains(message);
    assertThat(error.path("type").asString()).isNotEmpty();
    assertThat(error.path("code").asString()).isNotEmpty();
  }

  /** Asserts that the next request of the connection is answered. */
  private static void assertUsable(RawClient client) throws IOException {
    assertThat(client.ask(post("{\"next\":1}")).body()).isEqualTo("{\"next\":1}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/names/a%20b/c", "/nowhere", "/echo", "/?a=%zz"})
  void headIsAnsweredLikeGetWithoutABody(String target) throws IOException {
    try (RawClient client = connect()) {
      RawClient.Answer head = client.ask(get(target).replace("GET", "HEAD"));
      assertUsable(client);
      RawClient.Answer get = client.ask(get(target));
      assertThat(head.status()).isEqualTo(get.status());
      assertThat(head.headers().keySet()).isEqualTo(get.headers().keySet());
      assertThat(head.header("content-type")).isEqualTo(get.header("content-type"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http://localhost/, /{}",
    "HTTP://127.0.0.1:1/?a=1, /{a=1}",
    "http://localhost, /{}",
    "http://localhost?b, /{b=}",
    "/names/a%20b/c/, /names/a b/c{}",
    "/names/a%20b/c//?a=b+c&a=d&e=%C3%BC;f, '/names/a b/c{a=b c, e=ü;f}'",
    "/#fragment?a, /{}",
  })
  void everyFormOfATargetNamesItsRoute(String target, String echoed) throws IOException {
    assertThat(ask(get(target)).body()).isEqualTo("\"" + echoed + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/?mode=%zz", "/?mode=%", "/names/%4", "nowhere", "ftp://localhost/"})
  void aMalformedTargetIsAnswered400AndTheConnectionStays(String target) throws IOException {
    try (RawClient client = connect()) {
      assertError(client.ask(get(target)), 400, "request target '" + target);
      assertError(
          client.ask(post("{}").replace("/echo", target)), 400, "request target '" + target);
      assertUsable(client);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "PUT /echo, POST",
    "OPTIONS /echo, POST",
    "HEAD /echo, POST",
    "POST /, 'GET, HEAD'",
    "TRACE /, 'GET, HEAD'",
    "OPTIONS *, 'GET, HEAD, POST'",
  })
  void aMethodThatARouteDoesNotHaveIsAnswered405WithThoseItHas(String start, String allowed)
      throws IOException {
    try (RawClient client = connect()) {
      RawClient.Answer answer = client.ask(start + " HTTP/1.1\r\n" + HOST + "\r\n");

      assertThat(answer.status()).isEqualTo(405);
      assertThat(answer.header("allow")).isEqualTo(allowed);
      assertUsable(client);
    }
  }

  @Test
  void anUnknownMethodIsAnswered501() throws IOException {
    assertError(ask("BREW / HTTP/1.1\r\n" + HOST + "\r\n"), 501, "method BREW");
    assertError(ask("get / HTTP/1.1\r\n" + HOST + "\r\n"), 501, "method get");
    assertError(ask("CONNECT a:1 HTTP/1.1\r\n" + HOST + "\r\n"), 501, "method CONNECT");
  }

  @Test
  void anotherVersionOfHttpIsAnswered505() throws IOException {
    assertError(ask("GET / HTTP/2.0\r\n" + HOST + "\r\n"), 505, "HTTP/2.0: expected HTTP/1.1");
    assertError(ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "HTTP/2.0: expected HTTP/1.1");
    assertError(ask("GET / HTTP/0.9\r\n" + HOST + "\r\n"), 505, "HTTP/0.9");
    assertThat(ask("GET / HTTP/1.7\r\n" + HOST + "\r\n").status()).isEqualTo(200);
  }

  @Test
  void aRequestNeedsExactlyOneHost() throws IOException {
    try (RawClient client = connect()) {
      assertError(client.ask("GET / HTTP/1.1\r\n\r\n"), 400, "Host: expected one");
      assertError(client.ask("GET / HTTP/1.1\r\n" + HOST + HOST + "\r\n"), 400, "got 2");
      for (String wrong : List.of("a b", "a/b", "user@a", "a:b", "[::1", "::1", "a\u00e4")) {
        assertError(client.ask("GET / HTTP/1.1\r\nHost: " + wrong + "\r\n\r\n"), 400, "Host '");
      }
      assertUsable(client);
    }
    assertThat(ask("GET / HTTP/1.0\r\n\r\n").status()).isEqualTo(200);
    assertError(ask("GET / HTTP/1.0\r\n" + HOST + HOST + "\r\n"), 400, "got 2");
  }

  @Test
  void aCompressedBodyIsAnswered415AndTheConnectionStays() throws IOException {
    try (RawClient client = connect()) {
      RawClient.Answer answer = client.ask(post("\u001f\u008b...", "Content-Encoding: gzip"));

      assertError(answer, 415, "Content-Encoding gzip: expected a body without compression");
      assertThat(answer.header("accept-encoding")).isEqualTo("identity");
      assertUsable(client);
      assertThat(client.ask(post("{}", "Content-Encoding: Identity")).status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'Transfer-Encoding: gzip, chunked', 501",
    "'Transfer-Encoding: identity', 400",
    "'Transfer-Encoding: xchunked', 400",
    "'Transfer-Encoding: chunked, chunked', 400",
    "'Transfer-Encoding: chunked|Transfer-Encoding: chunked', 400",
    "'Transfer-Encoding: chunked|Content-Length: 5', 400",
    "'Content-Length: 5|Transfer-Encoding: chunked', 400",
    "'Content-Length: 5|Content-Length: 5', 400",
    "'Content-Length: 5|Content-Length: 6', 400",
    "'Content-Length: 5, 5', 400",
    "'Content-Length: +5', 400",
    "'Content-Length: -5', 400",
    "'Content-Length: 5x', 400",
    "'Content-Length: 99999999999999999999', 400",
    "'Content-Length: ', 400",
    "'Content-Length : 5', 400",
  })
  void aRequestWhoseEndIsInDoubtIsTheLastOfItsConnection(String headers, int status)
      throws IOException {
    String smuggled = "0\r\n\r\n" + get("/nowhere");
    try (RawClient client = connect()) {
      client.send(
          "POST /echo HTTP/1.1\r\n" + HOST + headers.replace("|", "\r\n") + "\r\n\r\n" + smuggled);

      RawClient.Answer answer = client.answer();
      assertThat(answer.status()).as(answer.body()).isEqualTo(status);
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void lineEndsOtherThanCrLfAreRefused() throws IOException {
    assertError(ask("GET / HTTP/1.1\nHost: localhost\n\n"), 400, "malformed HTTP request");
    assertError(ask("GET / HTTP/1.1\r\nA: b\nHost: localhost\r\n\r\n"), 400, "malformed");
  }

  @Test
  void aHeaderThatIsFoldedOrHasASpaceBeforeItsColonHidesNothing() throws IOException {
    assertThat(ask("GET / HTTP/1.1\r\n" + HOST + "A: b\r\n c\r\n\r\n").status()).isEqualTo(200);
    assertError(ask("GET / HTTP/1.1\r\n" + HOST + "A : b\r\n\r\n"), 400, "malformed");
    assertError(ask("GET / HTTP/1.1\r\n" + HOST + "A\0: b\r\n\r\n"), 400, "malformed");
  }

  @Test
  void aChunkedBodyMayHaveExtensionsAndTrailers() throws IOException {
    try (RawClient client = connect()) {
      String chunked = "POST /echo HTTP/1.1\r\n" + HOST + "Transfer-Encoding: Chunked\r\n\r\n";
      assertThat(
              client
                  .ask(
                      chunked + "3;x=y\r\n{\"a\r\n4\r\n\":1}\r\n0\r\nTrailer: b\r\nHost: c\r\n\r\n")
                  .body())
          .isEqualTo("{\"a\":1}");
      assertUsable(client);
      assertError(client.ask(chunked + "zz\r\n{}\r\n0\r\n\r\n"), 400, "malformed");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void aPostWithoutALengthHasNoBody() throws IOException {
    try (RawClient client = connect()) {
      assertThat(client.ask("POST /echo HTTP/1.1\r\n" + HOST + "\r\n").body()).isEmpty();
      assertUsable(client);
    }
  }

  @Test
  void whatIsTooLargeIsAnsweredWithItsBound() throws IOException {
    String many = "a: b\r\n".repeat(5000);
    assertError(ask(get("/" + "x".repeat(9000))), 414, "at most 8192 bytes");
    assertError(ask("GET / HTTP/1.1\r\n" + HOST + many + "\r\n"), 431, "at most 16384 bytes");
    assertError(ask(post("x".repeat(MAX_BODY + 1))), 413, "at most 1000 bytes");
    assertError(
        ask(
            "POST /echo HTTP/1.1\r\n"
                + HOST
                + "Transfer-Encoding: chunked\r\n\r\n500\r\n"
                + "x".repeat(0x500)),
        413,
        "at most 1000 bytes");
    assertError(ask(post("{}", "Content-Length: 9223372036854775807")), 400, "Content-Length");
    assertThat(ask(post("x".repeat(MAX_BODY))).status()).isEqualTo(200);
  }

  @Test
  void aRefusedRequestIsReadToItsEndWithinTheBound() throws IOException {
    try (RawClient client = connect()) {
      String chunked =
          "POST /?a=% HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n1f4\r\n";
      assertError(client.ask(chunked + "x".repeat(500) + "\r\n0\r\n\r\n"), 400, "request target");
      assertUsable(client);
      client.send(chunked + "x".repeat(500) + "\r\n1f5\r\n" + "x".repeat(501));
      assertError(client.answer(), 413, "at most 1000 bytes");
    }
  }

  @Test
  void aClientThatExpectsContinueIsToldSoUnlessItsRequestIsRefused() throws IOException {
    try (RawClient client = connect()) {
      String[] parts = post("{\"a\":1}", "Expect: 100-Continue").split("(?<=\r\n\r\n)", 2);
      assertThat(client.ask(parts[0]).status()).isEqualTo(100);
      assertThat(client.ask(parts[1]).body()).isEqualTo("{\"a\":1}");
      assertError(
          client.ask("POST /?a=% HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\n\r\n"),
          400,
          "request target");
      assertThat(client.isEnded()).isTrue();
    }
    assertError(ask(post("{}", "Expect: 200-ok")), 417, "Expect: expected 100-continue");
    assertError(ask(post("x".repeat(2000), "Expect: 100-continue")), 413, "at most 1000 bytes");
  }

  @Test
  void aClientIsToldToContinueAfterTheAnswersToTheRequestsBefore() throws Exception {
    try (RawClient client = connect()) {
      String[] parts = post("{\"a\":1}", "Expect: 100-continue").split("(?<=\r\n\r\n)", 2);
      client.send(get("/slow") + parts[0]);
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();

      assertThat(client.answer().body()).isEqualTo("{\"slow\":true}");
      assertThat(client.answer().status()).isEqualTo(100);
      assertThat(client.ask(parts[1]).body()).isEqualTo("{\"a\":1}");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[::1]", "[::1]:8000", "[::ffff:127.0.0.1]:80", "127.0.0.1:8000"})
  void aLiteralAddressNamesTheListener(String host) throws IOException {
    assertThat(ask(get("/").replace("localhost", host)).status()).isEqualTo(200);
    assertThat(ask(get("http://" + host + "/")).status()).isEqualTo(200);
  }

  @Test
  void aSlashAtTheEndAndAQueryLeaveTheRoute() throws IOException {
    assertThat(ask(post("{}").replace("/echo", "/echo/?api-version=1")).body()).isEqualTo("{}");
  }

  @Test
  void anUpgradeIsIgnored() throws IOException {
    try (RawClient client = connect()) {
      RawClient.Answer answer =
          client.ask(
              "GET / HTTP/1.1\r\n"
                  + HOST
                  + "Connection: Upgrade, HTTP2-Settings\r\n"
                  + "Upgrade: h2c\r\n"
                  + "HTTP2-Settings: AAMAAABk\r\n\r\n");
      assertThat(answer.status()).isEqualTo(200);
      assertUsable(client);
    }
  }

  @Test
  void theConnectionClosesIfTheClientAsksForIt() throws IOException {
    try (RawClient client = connect()) {
      RawClient.Answer answer = client.ask(post("{}", "Connection: Close"));
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.isEnded()).isTrue();
    }
    try (RawClient old = connect()) {
      assertThat(old.ask("GET / HTTP/1.0\r\n\r\n").status()).isEqualTo(200);
      assertThat(old.isEnded()).isTrue();
    }
    try (RawClient old = connect()) {
      String keep = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
      assertThat(old.ask(keep).header("connection")).isEqualTo("keep-alive");
      assertThat(old.ask(keep).status()).isEqualTo(200);
    }
  }

  @Test
  void requestsPipelinedBehindASlowOneAreAnsweredInOrder() throws Exception {
    try (RawClient client = connect()) {
      StringBuilder requests = new StringBuilder(get("/slow"));
      for (int i = 0; i < 100; i++) {
        requests.append(post("{\"a\":" + i + "}", i % 7 == 3 ? "Content-Encoding: br" : "A: b"));
      }
      client.send(requests.append(get("/slow")).toString());
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();

      assertThat(client.answer().body()).isEqualTo("{\"slow\":true}");
      for (int i = 0; i < 100; i++) {
        RawClient.Answer answer = client.answer();
        if (i % 7 == 3) {
          assertError(answer, 415, "br");
        } else {
          assertThat(answer.body()).isEqualTo("{\"a\":" + i + "}");
        }
      }
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();
      assertThat(client.answer().body()).isEqualTo("{\"slow\":true}");
    }
  }

  @Test
  void aClientThatPipelinesWithoutEndGetsItsAnswersInOrder() throws Exception {
    try (RawClient client = connect()) {
      int sent = 3000;
      client.send(get("/slow") + post("{}").repeat(sent));
      Eventually.holds(() -> server.held.size() == 1);
      server.finish();
      assertThat(client.answer().body()).isEqualTo("{\"slow\":true}");
      int answered = 0;
      String connection = "keep-alive";
      while (answered < sent && connection.equals("keep-alive")) {
        RawClient.Answer answer = client.answer();
        assertThat(answer.body()).isEqualTo("{}");
        connection = answer.header("connection");
        answered++;
      }

      assertThat(answered).isGreaterThanOrEqualTo(64);
    }
  }

  @Test
  void whatFollowsTheLastRequestOfAConnectionDoesNotCutItsAnswer() throws Exception {
    for (int i = 0; i < 50; i++) {
      try (RawClient client = connect()) {
        client.send(post("{\"last\":1}", "Connection: close") + post("x".repeat(900)).repeat(100));

        assertThat(client.answer().body()).isEqualTo("{\"last\":1}");
        assertThat(client.isEnded()).isTrue();
      }
    }
  }

  @Test
  void aClientThatReadsNothingIsNotAnsweredWithoutEnd() throws Exception {
    String large = post("x".repeat(MAX_BODY));
    int count = 5000;
    try (RawClient client = connect()) {
      Thread sender =
          Thread.startVirtualThread(
              () -> {
                try {
                  client.send(large.repeat(count));
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      for (int i = 0; i < count; i++) {
        assertThat(client.answer().body()).hasSize(MAX_BODY);
      }
      sender.join();
    }
  }

  @Test
  void anErrorOfARouteIsAnswered500() throws Exception {
    assertError(ask(get("/bug")), 500, "unexpected failure");
  }
}
