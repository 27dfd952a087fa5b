package dev.freshet.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.EngineException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a server answers whose engine has failed. */
@Timeout(60)
class FailedEngineTest {
  private static final String REASON = "the engine has failed: a reason; restart the server";

  @TempDir Path dir;

  @Test
  void healthAndLivenessAnswer503WithTheReason() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      assertThat(get(fixture.server.adminUrl(), "/liveness").statusCode()).isEqualTo(200);

      fixture.engine.failure.complete(new EngineException(EngineException.Kind.FAILED, REASON));

      for (URI listener : List.of(fixture.server.adminUrl(), fixture.server.dataUrl())) {
        for (String probe : List.of("/health", "/liveness")) {
          HttpResponse<String> answer = get(listener, probe);
          assertThat(answer.statusCode()).as(probe).isEqualTo(503);
          assertThat(answer.body()).contains("\"engine_failed\"", REASON);
        }
      }
    }
  }

  private static HttpResponse<String> get(URI server, String path) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(server.resolve(path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
