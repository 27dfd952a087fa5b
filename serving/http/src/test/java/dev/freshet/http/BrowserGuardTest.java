package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that web pages make, and those of programs that look similar. */
@Timeout(60)
class BrowserGuardTest {
  @AutoClose
  private final TestListener open =
      listener(BrowserGuard.ofOpen(TestListener.ANY_PORT, List.of("Freshet.example.org")));

  private static TestListener listener(BrowserGuard guard) {
    return new TestListener(HttpLimits.DEFAULT, guard);
  }

  private static RawClient.Answer ask(TestListener server, String host, String... headers)
      throws IOException {
    return RawClient.exchange(
        server.address(),
        "GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n"
            .formatted(
                host,
                String.join("", List.of(headers).stream().map(line -> line + "\r\n").toList())));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "LocalHost:8001",
        "localhost.",
        "app.localhost:1",
        "127.0.0.1",
        "127.0.0.1:8001",
        "127.9.8.7",
        "10.1.2.3:80",
        "[::1]",
        "[::1]:8001",
        "[::ffff:127.0.0.1]:1",
        "freshet.example.org",
        "FRESHET.example.org:443",
        "",
      })
  void aLoopbackListenerAnswersTheNamesOfThisHost(String host) throws IOException {
    assertThat(ask(open, host).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "evil.example",
        "evil.example:8001",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "xlocalhost",
        "0x7f000001",
        "2130706433",
        "127.1",
        "x.freshet.example.org",
      })
  void aLoopbackListenerAnswersNoOtherName(String host) throws IOException {
    RawClient.Answer answer = ask(open, host);

    assertThat(answer.status()).isEqualTo(421);
    assertThat(answer.body())
        .contains("Host '" + host + "'", "http.allowed_hosts", "misdirected_request");
  }

  @Test
  void theNameOfAnAbsoluteTargetCountsInsteadOfTheHost() throws IOException {
    String request = "GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n";

    assertThat(
            RawClient.exchange(open.address(), request.formatted("evil.example", "localhost"))
                .status())
        .isEqualTo(421);
    assertThat(
            RawClient.exchange(open.address(), request.formatted("localhost", "evil.example"))
                .status())
        .isEqualTo(200);
  }

  @Test
  void aListenerOnAnotherAddressOrWithATokenAnswersAnyName() throws IOException {
    try (TestListener everywhere =
            listener(BrowserGuard.ofOpen(new InetSocketAddress("0.0.0.0", 0), List.of()));
        TestListener guarded = listener(BrowserGuard.ofProtected(List.of()))) {
      assertThat(ask(everywhere, "gpu-7.cluster.local:8000").status()).isEqualTo(200);
      assertThat(ask(guarded, "gpu-7.cluster.local:8000").status()).isEqualTo(200);
      assertThat(ask(everywhere, "a", "Origin: http://b").status()).isEqualTo(403);
      assertThat(ask(guarded, "a", "Origin: http://b").status()).isEqualTo(403);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Origin: http://evil.example, 403",
    "Origin: http://localhost:8001, 403",
    "Origin: http://localhost, 403",
    "Origin: https://evil.example:8000, 403",
    "Origin: null, 403",
    "Origin: x, 403",
    "Origin: http://localhost:8000|Origin: http://evil.example, 403",
    "Sec-Fetch-Site: cross-site, 403",
    "Sec-Fetch-Site: Cross-Site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: iframe, 403",
    "Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: no-cors|Sec-Fetch-Dest: document, 403",
    "Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document, 200",
    "Sec-Fetch-Site: same-origin, 200",
    "Sec-Fetch-Site: none, 200",
    "Origin: http://localhost:8000, 200",
    "Origin: https://freshet.example.org, 200",
  })
  void aPageOfAnotherSiteIsRejectedAndItsLinksAreFollowed(String headers, int status)
      throws IOException {
    RawClient.Answer answer = ask(open, "localhost:8000", headers.split("\\|"));

    assertThat(answer.status()).isEqualTo(status);
    if (status == 403) {
      assertThat(answer.body()).contains("not a web page of another site", "permission_error");
    }
  }

  @Test
  void anOrderOfAnotherSiteIsRejectedWithoutItsBody() throws IOException {
    String post =
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n"
            + "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nContent-Length: 2\r\n\r\n{}";

    assertThat(RawClient.exchange(open.address(), post).status()).isEqualTo(403);
  }
}
