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
 * {@code freshet} on an installation with a damaged class: an Error in the engine's thread at the
 * first token, or in the command's own.
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
                damaged("dev/freshet/engine/LogitEdits.class"),
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
        ChildProcess.start(
            dir,
            damaged("dev/freshet/engine/LogitEdits.class"),
            CommandLineRun.small("run", run))) {
      assertThat(child.awaitExit()).isEqualTo(1);
      assertThat(child.err()).contains("freshet: the engine has failed");
    }
  }

  @Test
  void aCommandThatFailsWithAnErrorExitsWithOneAndOneLine() throws Exception {
    Path log = Files.writeString(dir.resolve("trainer.log"), "[trainer] [step] step.done step=1\n");
    try (ChildProcess child =
        ChildProcess.start(
            dir,
            damaged("dev/freshet/analysis/read/TagScanner.class"),
            "analyze",
            log.toString())) {
      assertThat(child.awaitEnd()).isEqualTo(1);
      assertThat(child.err().lines())
          .singleElement()
          .asString()
          .startsWith("freshet: the command failed: java.lang.ClassFormatError");
    }
  }

  /** A folder with a damaged class file, which hides a class that the engine or command needs. */
  private Path damaged(String file) throws Exception {
    Path classes = dir.resolve("damaged");
    Path damaged = classes.resolve(file);
    Files.createDirectories(damaged.getParent());
    Files.write(damaged, new byte[] {1, 2, 3});
    return classes;
  }
}
