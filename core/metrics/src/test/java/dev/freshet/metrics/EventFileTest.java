package dev.freshet.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
  /**
   * The bytes that tensorboard 2.21 writes for the same two events: {@code RecordWriter} over
   * {@code event_pb2.Event(...).SerializeToString()}.
   */
  private static final String GOLDEN =
      "1800000000000000a37f4b2209000010402049da411a0d627261696e2e4576656e743a327b854a4b"
          + "3700000000000000e7e8ca5909000060402049da4110ac022a290a110a0a747261696e2f6c6f7373"
          + "15000000bf0a140a0d747261696e2f656e74726f7079150000a03ff1f94880";

  @TempDir Path dir;

  @Test
  void theBytesAreThoseOfTensorBoard() throws IOException {
    Map<String, Double> scalars = new LinkedHashMap<>();
    scalars.put("train/loss", -0.5);
    scalars.put("train/entropy", 1.25);
    try (EventFile events = EventFile.create(dir, 1_764_000_000.25)) {
      events.append(1_764_000_001.5, 300, scalars);
    }

    assertThat(only(dir)).hasBinaryContent(HexFormat.of().parseHex(GOLDEN));
    assertThat(only(dir).getFileName().toString())
        .startsWith("events.out.tfevents.1764000000.freshet.");
  }

  @Test
  void theNumbersOfALineWithAStepAreScalarsAndThoseOfOneServerAreNot() throws IOException {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", 300);
    line.put("loss", -0.5);
    line.put("nothing", Double.NaN);
    line.put("why", "text");
    line.put("dropped", Map.of("stale", Map.of("rollouts", 3L)));
    InstantSource time = InstantSource.fixed(Instant.ofEpochMilli(1_764_000_000_250L));
    try (MetricsFile file = MetricsFile.open(dir, "trainer", time)) {
      file.append("train", line);
      file.append("run", Map.of("wall_s", 1.5));
      file.append("update", Map.of("step", 1, "server", "http://h:1", "wall_ms", 7.0));
    }

    String bytes =
        new String(
            Files.readAllBytes(only(dir.resolve("tensorboard/trainer"))),
            StandardCharsets.ISO_8859_1);
    assertThat(bytes)
        .contains("train/loss", "train/dropped/stale/rollouts")
        .doesNotContain("train/step", "nothing", "why", "wall_s", "wall_ms");
  }

  @Test
  void aSecondFileOfTheSameSecondDoesNotReplaceTheFirst() throws IOException {
    EventFile.create(dir, 1_764_000_000).close();
    EventFile.create(dir, 1_764_000_000).close();

    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).hasSize(2);
    }
  }

  private static Path only(Path dir) throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      return all.getFirst();
    }
  }
}
