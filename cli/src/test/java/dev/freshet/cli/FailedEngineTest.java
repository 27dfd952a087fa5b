package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.lab.swap.RandomCheckpoints;
import dev.freshet.lab.swap.SwapShape;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code freshet} on an installation with a damaged class of the engine: an Error in its thread at
 * the first token.
 */
@Timeout(180)
class FailedEngineTest {
  private static final Pattern URL = Pattern.compile("completions (http://\\S+)");

  @TempDir Path dir;

  @Test
  void aServerWhoseEngineFailsAnswersItsRequestsAndExitsWithOne() throws Exception {
    Path model =
        new RandomCheckpoints(SwapShape.named("tiny").config())
            .publish(dir.resolve("weights"), 1)
            .getFirst();
    try (ChildProcess child =
            ChildProcess.start(
                dir,
                damagedClasses(),
                "serve",
                "--model=" + model,
                "--port=0",
                "--admin-port=0",
                "--inference.max_model_len=64");
        HttpClient http = HttpClient.newHttpClient()) {
      child.awaitOut(URL);
      Matcher url = URL.matcher(child.out());
      assertThat(url.find()).isTrue();

      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(URI.create(url.group(1) + "/v1/completions"))
                  .POST(
                      HttpRequest.BodyPublishers.ofString("{\"prompt\":[3,4,5],\"max_tokens\":5}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(answer.body()).contains("the engine failed while generating");
      assertThat(child.awaitExit()).isEqualTo(1);
      assertThat(child.err().lines().filter(line -> line.startsWith("freshet: ")))
          .singleElement()
          .asString()
          .contains("the engine has failed: java.lang.ClassFormatError", "restart the server");
    }
  }

  @Test
  void aRunWhoseEngineFailsEndsWithOneAtOnce() throws Exception {
    Path run = dir.resolve("run");
    try (ChildProcess child =
        ChildProcess.start(dir, damagedClasses(), CommandLineRun.small("run", run))) {
      assertThat(child.awaitExit()).isEqualTo(1);
      assertThat(child.err()).contains("freshet: the engine has failed");
    }
  }

  /** A folder with a damaged class file that hides one which the engine needs for a token. */
  private Path damagedClasses() throws Exception {
    Path classes = dir.resolve("damaged");
    Path edits = classes.resolve("dev/freshet/engine/LogitEdits.class");
    Files.createDirectories(edits.getParent());
    Files.write(edits, new byte[] {1, 2, 3});
    return classes;
  }
}
