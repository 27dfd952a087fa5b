package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.AdminClient;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** However many clients the admin listener has, an update gets a connection. */
@Timeout(120)
class AdminCrowdTest {
  private static final int CROWD = 300; // More than the admin listener has connections.

  @TempDir private Path dir;
  private ServerFixture fixture;
  private final List<Socket> crowd = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    fixture = new ServerFixture(dir);
  }

  @AfterEach
  void end() throws IOException {
    for (Socket socket : crowd) {
      socket.close();
    }
    fixture.close();
  }

  /** Opens {@code count} connections that send {@code bytes} and read nothing. */
  private List<Socket> clients(int count, String bytes) throws IOException {
    List<Socket> opened = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Socket socket = new Socket();
      crowd.add(socket);
      opened.add(socket);
      socket.setReceiveBufferSize(4 << 10);
      socket.connect(fixture.server.adminAddress());
      socket.setSoTimeout(60_000);
      ServerFixture.send(socket, bytes);
    }
    return opened;
  }

  private static String request(String start, String... headers) {
    return start
        + " HTTP/1.1\r\nhost: localhost\r\n"
        + String.join("", List.of(headers).stream().map(header -> header + "\r\n").toList())
        + "\r\n";
  }

  private void assertUpdatesGoThrough() {
    long version = fixture.engine.policyVersion();
    try (AdminClient admin = fixture.admin()) {
      for (long step = version + 1; step <= version + 5; step++) {
        assertThat(
                admin.updateWeights(dir, step, UpdateMode.KEEP, TraceId.random()).weightVersion())
            .isEqualTo(Long.toString(step));
        assertThat(admin.health().healthy()).isTrue();
      }
    }
  }

  /** The status of the answer that {@code client} has got; reads its first bytes. */
  private static String status(Socket client) {
    try {
      return new String(client.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      return "";
    }
  }

  private boolean canWatch() {
    try {
      return status(clients(1, request("GET /events")).getFirst()).equals("HTTP/1.1 200");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private int posted(String path) {
    try {
      return fixture.post(fixture.server.adminUrl(), path, "{}").statusCode();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void watchersHaveAShareOfTheirOwn() throws Exception {
    fixture.feed.lines(List.of("{}"));
    List<Socket> watchers = clients(CROWD, request("GET /events"));

    assertUpdatesGoThrough();
    List<String> statuses = watchers.stream().map(AdminCrowdTest::status).toList();
    assertThat(statuses.stream().filter("HTTP/1.1 200"::equals)).hasSize(64);
    assertThat(fixture.get(fixture.server.adminUrl(), "/events").body())
        .contains("64 clients watch the events already", "too_many_watchers");
    for (Socket watcher : watchers) {
      watcher.close();
    }
    eventually(this::canWatch);
  }

  @Test
  void idleAndHalfOpenAndSlowClientsGiveWay() throws Exception {
    for (String bytes :
        List.of(
            "",
            "G",
            "POST /update_weights HTTP/1.1\r\nhost: localhost\r\n",
            request("POST /update_weights", "content-length: 10") + "{",
            request("GET /health"))) {
      clients(CROWD, bytes);
      assertUpdatesGoThrough();
    }
  }

  @Test
  void scrapersThatReadNothingGiveWay() throws Exception {
    for (String path : List.of("/metrics", "/", "/debug/waits")) {
      clients(CROWD, request("GET " + path).repeat(20));
      assertUpdatesGoThrough();
    }
  }

  @Test
  void pausesThatWaitHaveAShareOfTheirOwn() throws Exception {
    fixture.engine.pauseInForce = new CompletableFuture<>();
    List<Socket> pauses = clients(CROWD, request("POST /pause?mode=wait"));
    assertUpdatesGoThrough();

    assertThat(fixture.post(fixture.server.adminUrl(), "/pause?mode=wait", "").body())
        .contains("48 pauses wait for their answers already");
    assertThat(fixture.post(fixture.server.adminUrl(), "/resume", "").statusCode()).isEqualTo(200);
    for (Socket pause : pauses) {
      pause.setSoLinger(true, 0); // Resets the connection.
      pause.close();
    }
    fixture.engine.pauseInForce = CompletableFuture.completedFuture(null);
    eventually(() -> posted("/pause?mode=keep") == 200);
  }

  @Test
  void postsThatJoinARunningUpdateHaveAShareOfTheirOwn() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    fixture.engine.beforeUpdate = _ -> ServerFixture.awaitLatch(release);
    String body = "{\"weight_dir\":\"w\",\"step\":1}";
    String post =
        request(
                "POST /update_weights",
                "x-trace-id: 00000000000000ab",
                "content-length: " + body.length())
            + body;
    clients(CROWD, post);
    eventually(() -> fixture.engine.updates() == 1);
    assertThat(fixture.get(fixture.server.adminUrl(), "/weight_info").statusCode()).isEqualTo(200);
    assertThat(fixture.post(fixture.server.adminUrl(), "/reload_weights", "{}").body())
        .contains("48 posts of weight operations wait for their answers already");
    release.countDown();
    fixture.engine.beforeUpdate = _ -> {};
    eventually(() -> fixture.engine.policyVersion() == 1);
    eventually(() -> posted("/reload_weights") == 200);
  }

  @Test
  void theWholeCrowdTogetherGivesWay() throws Exception {
    fixture.engine.pauseInForce = new CompletableFuture<>();
    clients(100, request("GET /events"));
    clients(100, request("POST /pause?mode=wait"));
    clients(100, request("GET /metrics"));
    clients(CROWD, "");

    assertUpdatesGoThrough();
    fixture.engine.pauseInForce.complete(null);
  }
}
