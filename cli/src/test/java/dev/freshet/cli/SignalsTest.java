package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A signal at any moment ends a command cleanly: libtorch crashes if the JVM leaves under it. */
@Timeout(240)
class SignalsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern WRITTEN =
      Pattern.compile("\\[ckpt] write\\.done step=([0-9]+) write_ms=");

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void aRunStoppedDuringWarmUpLeavesNoPartialModel(String signal, int exitCode) throws Exception {
    try (ChildProcess child =
        ChildProcess.start(dir, CommandLineRun.small("run", run(), "--sft.steps=1000000"))) {
      child.await("warm-up", () -> lines(run().resolve("metrics/trainer.jsonl")).size() > 3);

      child.signal(signal);

      assertThat(child.awaitEnd()).isEqualTo(exitCode);
      assertThat(child.err()).isEmpty();
    }
    assertThat(metrics()).hasSizeGreaterThan(3);
    assertThat(run().resolve("weights")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143, 0", "INT, 130, 0", "TERM, 143, 3", "INT, 130, 3"})
  void aRunStoppedWhileItLearnsLeavesWholeCheckpointsAndLogs(
      String signal, int exitCode, int afterStep) throws Exception {
    try (ChildProcess child =
        ChildProcess.start(
            dir,
            CommandLineRun.small(
                "run",
                run(),
                "--sft.steps=5",
                "--run.steps=100000",
                "--trainer.keep_weights=1000"))) {
      Path reached = run().resolve("weights/step_" + afterStep);
      child.await(reached.toString(), () -> Files.exists(reached));

      child.signal(signal);

      assertThat(child.awaitEnd()).isEqualTo(exitCode);
      assertThat(child.err()).isEmpty();
    }
    CheckpointStore weights = new CheckpointStore(run().resolve("weights"));
    assertThat(weights.steps()).contains((long) afterStep);
    weights.steps().forEach(step -> CheckpointStore.verify(weights.path(step)));
    assertThat(run().resolve("weights")).isDirectoryNotContaining("glob:**.tmp");
    if (afterStep > 0) {
      assertThat(run().resolve("rollouts")).isDirectoryNotContaining("glob:**.tmp");
      assertThat(metrics())
          .anySatisfy(line -> assertThat(line.path("kind").asString()).isEqualTo("update"));
    }
    assertThat(stepsWritten(run().resolve("logs/trainer.log"))).isEqualTo(weights.steps());
    for (String role : List.of("orchestrator", "inference")) {
      String log = Files.readString(run().resolve("logs").resolve(role + ".log"));
      assertThat(log.isEmpty() || log.endsWith("\n")).as("%s.log ends with a line", role).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void aServerStoppedUnderLoadEndsItsStreamsAndItself(String signal, int exitCode)
      throws Exception {
    assertThat(CommandLineRun.of(CommandLineRun.small("sft", run(), "--sft.steps=0")).exitCode())
        .isZero();
    try (ChildProcess child =
            ChildProcess.start(
                dir,
                "serve",
                "--model",
                run().resolve("weights/step_0").toString(),
                "--port=0",
                "--admin-port=0");
        HttpClient client = HttpClient.newHttpClient()) {
      child.awaitOut("  admin ");
      Matcher url = Pattern.compile("completions (http://\\S+)").matcher(child.out());
      assertThat(url.find()).isTrue();
      List<CompletableFuture<HttpResponse<Stream<String>>>> streams = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        streams.add(client.sendAsync(streaming(url.group(1)), HttpResponse.BodyHandlers.ofLines()));
      }
      assertThat(streams.getFirst().get().statusCode()).isEqualTo(200);

      child.signal(signal);

      assertThat(child.awaitEnd()).isEqualTo(exitCode);
      assertThat(child.err()).isEmpty();
      client.shutdownNow(); // Closing alone waits for streams that nobody reads to their end.
    }
  }

  @Test
  void aServerDrainsItsStreamsBeforeItEndsAndSaysSo() throws Exception {
    try (ChildProcess child =
            ChildProcess.start(
                dir,
                "serve",
                "--engine=synthetic",
                "--rate=40",
                "--port=0",
                "--admin-port=0",
                "--shutdown-timeout=60");
        HttpClient client = HttpClient.newHttpClient()) {
      child.awaitOut("  admin ");
      Matcher url = Pattern.compile("completions (http://\\S+)").matcher(child.out());
      assertThat(url.find()).isTrue();
      HttpResponse<Stream<String>> stream =
          client.send(streaming(url.group(1)), HttpResponse.BodyHandlers.ofLines());

      child.signal("TERM");
      child.awaitOut("1 completions may run for 60000 ms more");
      HttpResponse<Stream<String>> refused =
          client.send(streaming(url.group(1)), HttpResponse.BodyHandlers.ofLines());

      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(stream.body().toList()).contains("data: [DONE]");
      assertThat(child.awaitEnd()).isEqualTo(143);
      assertThat(child.out()).contains("all completions have ended");
      assertThat(child.err()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "update --within=600 --weights=/w --server=%s",
    "bench --streams=1 --weights=/w --server=%1$s --admin=%1$s",
    "waits %s"
  })
  void aCommandThatWaitsForAnAnswerEndsAtOnce(String command) throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        ChildProcess child =
            ChildProcess.start(
                dir, command.formatted("http://127.0.0.1:" + silent.getLocalPort()).split(" "));
        Socket asked = accepted(silent)) {
      assertThat(asked.getInputStream().read()).as("the first byte of a request").isPositive();

      child.signal("INT");

      assertThat(child.awaitEnd()).isEqualTo(130);
      assertThat(child.err()).isEmpty();
    }
  }

  @Test
  void anAnalysisOfStandardInputEndsAtOnce() throws Exception {
    try (ChildProcess child = ChildProcess.start(dir, "analyze", "-")) {
      child.in().write("a line\n".repeat(100_000).getBytes(StandardCharsets.UTF_8));
      child.in().flush(); // More than a pipe holds: the command reads.

      child.signal("INT");

      assertThat(child.awaitEnd()).isEqualTo(130);
      assertThat(child.err()).isEmpty();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aProcessInsideLibtorchAtTheDeadlineEndsWithTheStatusOfTheSignal() throws Exception {
    try (ChildProcess child = ChildProcess.start(dir, EndlessProducts.class)) {
      child.awaitOut(EndlessProducts.COMPUTES);

      child.signal("TERM");

      assertThat(child.awaitEnd()).isEqualTo(143);
      assertThat(child.err())
          .startsWith("freshet: the command did not close its resources within 200 ms");
    }
  }

  private static Socket accepted(ServerSocket silent) throws IOException {
    silent.setSoTimeout(60_000);
    return silent.accept();
  }

  private static HttpRequest streaming(String server) {
    return HttpRequest.newBuilder(URI.create(server).resolve("/v1/completions"))
        .header("content-type", "application/json")
        .POST(
            HttpRequest.BodyPublishers.ofString(
                """
                {"model": "policy", "prompt": [1, 4, 5, 3], "max_tokens": 120, "ignore_eos": true, "stream": true}
                """))
        .build();
  }

  private Path run() {
    return dir.resolve("run");
  }

  /** The lines of the trainer's metrics, each of which must be whole. */
  private List<JsonNode> metrics() {
    return Stream.of("trainer", "orchestrator")
        .flatMap(role -> lines(run().resolve("metrics").resolve(role + ".jsonl")).stream())
        .map(JSON::readTree)
        .toList();
  }

  private static List<Long> stepsWritten(Path log) throws IOException {
    return WRITTEN
        .matcher(Files.readString(log))
        .results()
        .map(m -> Long.valueOf(m.group(1)))
        .toList();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
