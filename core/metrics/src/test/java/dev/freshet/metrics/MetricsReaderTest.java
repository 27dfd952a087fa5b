package dev.freshet.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class MetricsReaderTest {
  @TempDir Path run;
  private MetricsReader reader;
  private long seconds = 1_000;

  @BeforeEach
  void open() {
    reader = new MetricsReader(run);
  }

  /** A file whose clock the test sets. */
  private MetricsFile file(String role) throws IOException {
    return MetricsFile.open(run, role, () -> Instant.ofEpochSecond(seconds));
  }

  private Path path(String role) throws IOException {
    return Files.createDirectories(run.resolve("metrics")).resolve(role + ".jsonl");
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static List<JsonNode> read(MetricsReader from) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    from.read(lines::add);
    return lines;
  }

  /** The field {@code n} of every line that was added since the last call. */
  private List<Integer> added() throws IOException {
    return numbers(reader);
  }

  private static List<Integer> numbers(MetricsReader from) throws IOException {
    return read(from).stream().map(line -> line.path("n").asInt(-1)).toList();
  }

  @Test
  void everyRoleHasItsOwnFileAndTheirLinesAreReadAsOneInTheOrderOfTheirTimes() throws IOException {
    try (MetricsFile trainer = file("trainer");
        MetricsFile orchestrator = file("orchestrator")) {
      for (int n = 0; n < 10; n++) {
        seconds++;
        (n % 3 == 0 ? trainer : orchestrator).append("step", Map.of("n", n));
      }
    }

    assertThat(Files.readAllLines(path("trainer"))).hasSize(4);
    assertThat(Files.readAllLines(path("orchestrator"))).hasSize(6);
    assertThat(added()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  }

  @Test
  void aLineHasItsRoleItsKindTheTimeAndItsFields() throws IOException {
    try (MetricsFile trainer = file("trainer")) {
      trainer.append("train", Map.of("loss", Double.NaN));
    }

    assertThat(path("trainer"))
        .hasContent("{\"role\":\"trainer\",\"kind\":\"train\",\"time\":1000.0,\"loss\":null}");
  }

  @Test
  void theSingleFileOfAnOlderRunIsReadWithTheOthers() throws IOException {
    write(run.resolve("metrics.jsonl"), "{\"n\":1,\"time\":1}\n{\"n\":3,\"time\":3}\n");
    write(path("trainer"), "{\"n\":2,\"time\":2}\n{\"n\":4,\"time\":4}\n");

    assertThat(added()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void aRunWithoutMetricsHasNoLinesUntilAFileAppears() throws IOException {
    assertThat(MetricsReader.exists(run)).isFalse();
    assertThat(added()).isEmpty();

    write(path("trainer"), "{\"n\":1}\n");

    assertThat(MetricsReader.exists(run)).isTrue();
    assertThat(added()).containsExactly(1);
  }

  @Test
  void readingAgainPassesOnlyWhatWasAdded() throws IOException {
    write(path("trainer"), "{\"n\":1}\n");
    assertThat(added()).containsExactly(1);
    assertThat(added()).isEmpty();

    write(path("trainer"), "{\"n\":2}\n");
    write(path("orchestrator"), "{\"n\":3}\n");
    assertThat(added()).containsExactlyInAnyOrder(2, 3);
  }

  @Test
  void aLineIsNotReadUntilItIsWholeWhereverItIsCut() throws IOException {
    byte[] line = "{\"n\":7,\"text\":\"é\"}\n".getBytes(StandardCharsets.UTF_8);
    for (int cut = 0; cut < line.length; cut++) {
      Path dir = Files.createDirectories(run.resolve("cut-" + cut));
      Path file = Files.createDirectories(dir.resolve("metrics")).resolve("trainer.jsonl");
      MetricsReader cutReader = new MetricsReader(dir);
      Files.write(file, Arrays.copyOf(line, cut));
      assertThat(numbers(cutReader)).as("cut after %d bytes", cut).isEmpty();

      Files.write(file, line);
      assertThat(read(cutReader))
          .as("cut after %d bytes", cut)
          .extracting(JsonNode::toString)
          .containsExactly("{\"n\":7,\"text\":\"é\"}");
      assertThat(cutReader.malformed()).isZero();
    }
  }

  @Test
  void aLineThatAKilledProcessLeftUnfinishedCostsNoneOfTheNextProcess() throws IOException {
    write(path("trainer"), "{\"n\":1}\n{\"n\":");
    try (MetricsFile next = file("trainer")) {
      next.append("train", Map.of("n", 2));
    }

    assertThat(added()).containsExactly(1, 2);
    assertThat(reader.malformed()).isEqualTo(1);
  }

  @Test
  void linesThatAreNoObjectsOrTooLongAreSkippedAndCounted() throws IOException {
    write(path("trainer"), "nonsense\n[1]\n\n{\"n\":1}\n");
    write(path("trainer"), "{\"n\":2,\"text\":\"%s\"}\n".formatted("x".repeat(1 << 20)));
    write(path("trainer"), "{\"n\":3}\n");

    assertThat(added()).containsExactly(1, 3);
    assertThat(reader.malformed()).isEqualTo(3);
  }

  @Test
  void aLineWithoutATimeStaysBehindTheLineBeforeIt() throws IOException {
    write(path("a"), "{\"n\":1,\"time\":1}\n{\"n\":2}\n{\"n\":5,\"time\":9}\n");
    write(path("b"), "{\"n\":3,\"time\":2}\n{\"n\":4,\"time\":3}\n");

    assertThat(added()).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  void aFileThatHasBecomeShorterIsReadFromItsStart() throws IOException {
    write(path("trainer"), "{\"n\":1}\n{\"n\":2}\n");
    assertThat(added()).containsExactly(1, 2);

    Files.writeString(path("trainer"), "{\"n\":3}\n");
    assertThat(added()).containsExactly(3);
  }

  @Test
  void ofLongFilesOnlyTheWholeLinesAtTheEndAreReadIfThatIsAskedFor() throws IOException {
    write(path("trainer"), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");

    assertThat(numbers(new MetricsReader(run, 16))).containsExactly(2, 3);
    assertThat(numbers(new MetricsReader(run, 15))).containsExactly(3);
    assertThat(numbers(new MetricsReader(run, 24))).containsExactly(1, 2, 3);
  }

  @Test
  void filesOfManyPiecesAreMergedWhole() throws IOException {
    StringBuilder even = new StringBuilder();
    StringBuilder odd = new StringBuilder();
    String text = "x".repeat(500);
    for (int n = 0; n < 4000; n++) {
      (n % 2 == 0 ? even : odd)
          .append("{\"n\":%d,\"time\":%d,\"text\":\"%s\"}\n".formatted(n, n, text));
    }
    write(path("even"), even.toString());
    write(path("odd"), odd.toString());

    assertThat(added()).hasSize(4000).isSorted();
  }
}
