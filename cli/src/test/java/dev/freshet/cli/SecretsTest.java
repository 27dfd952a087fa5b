package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an engineer sees of a server whose weight operations take a token. */
@Timeout(240)
class SecretsTest {
  private static final String SECRET = "s3cret-of-the-operators";
  private static final String GUESS = "gu3ss-of-somebody";

  @TempDir Path dir;

  @Test
  void aPausedServerNamesItsBlockerOnSigquitAndNeverItsToken() throws Exception {
    Path token = Files.writeString(dir.resolve("token"), SECRET + "\n");
    List<String> seen = new ArrayList<>();
    Path run = dir.resolve("run");
    try (ChildProcess child =
            ChildProcess.start(
                dir,
                "serve",
                "--engine=synthetic",
                "--port=0",
                "--admin-port=0",
                "--admin-token-file=" + token,
                "--run.dir=" + run);
        HttpClient client = HttpClient.newHttpClient()) {
      child.awaitOut("  dashboard ");
      Matcher url = Pattern.compile("admin +(http://\\S+)").matcher(child.out());
      assertThat(url.find()).isTrue();
      URI admin = URI.create(url.group(1));

      assertThat(post(client, admin.resolve("/pause"), "Bearer " + GUESS).statusCode())
          .isEqualTo(401);
      assertThat(post(client, admin.resolve("/pause?token=" + SECRET), "none").statusCode())
          .isEqualTo(401);
      HttpResponse<String> update =
          post(client, admin.resolve("/update_weights"), "Bearer " + SECRET);
      assertThat(update.statusCode()).isEqualTo(400);
      assertThat(post(client, admin.resolve("/pause"), "Bearer " + SECRET).statusCode())
          .isEqualTo(200);
      seen.add(update.body());
      for (String page : List.of("/", "/metrics", "/debug/waits", "/debug/waits?format=json")) {
        HttpResponse<String> answer = get(client, admin.resolve(page));
        assertThat(answer.statusCode()).as(page).isEqualTo(200);
        seen.add(answer.body());
      }
      assertThat(seen.get(3)).contains("Blocked on POST /resume (owner: the client that paused it");

      child.signal("QUIT");
      child.await("record of the dump", () -> dump(run).isPresent());
      seen.add(child.out());
      seen.add(child.err());
      child.signal("TERM");
      assertThat(child.awaitExit()).isEqualTo(143);
    }
    assertThat(Files.readString(dump(run).orElseThrow().resolveSibling("waits.txt")))
        .startsWith("A thread dump was requested.\nBlocked on POST /resume");
    assertThat(Files.readString(run.resolve("logs/inference.log")))
        .contains("A thread dump was requested.");
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        seen.add(Files.readString(file));
      }
    }
    assertThat(seen).hasSizeGreaterThan(10);
    for (String secret : List.of(SECRET, GUESS)) {
      String basic =
          Base64.getEncoder().encodeToString((":" + secret).getBytes(StandardCharsets.UTF_8));
      assertThat(seen).allSatisfy(text -> assertThat(text).doesNotContain(secret, basic));
    }
  }

  /** The last file of the first record, once it is there. */
  private static Optional<Path> dump(Path run) {
    try (Stream<Path> reports = Files.list(run.resolve("report"))) {
      return reports
          .filter(report -> report.getFileName().toString().startsWith("dump-inference-"))
          .map(report -> report.resolve("threads.txt"))
          .filter(Files::exists)
          .findFirst();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static HttpResponse<String> get(HttpClient client, URI url) throws Exception {
    String basic =
        Base64.getEncoder().encodeToString((":" + SECRET).getBytes(StandardCharsets.UTF_8));
    return client.send(
        HttpRequest.newBuilder(url).header("Authorization", "Basic " + basic).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static HttpResponse<String> post(HttpClient client, URI url, String authorization)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(url)
            .header("Authorization", authorization)
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
