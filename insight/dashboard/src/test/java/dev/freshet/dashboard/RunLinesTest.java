package dev.freshet.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trace.LiveFeed;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLinesTest {
  @TempDir Path dir;
  private final LiveFeed feed = new LiveFeed();
  private Path file;
  private RunLines lines;

  @BeforeEach
  void open() throws Exception {
    file = Files.createDirectories(dir.resolve("metrics")).resolve("orchestrator.jsonl");
    lines = new RunLines(dir);
  }

  private void append(String text) throws Exception {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** What has been told since the event of that number, and the number of the last. */
  private String told(long number) {
    StringBuilder all = new StringBuilder();
    for (Optional<LiveFeed.Event> next = feed.after(number);
        next.isPresent();
        next = feed.after(next.get().number())) {
      String frame = new String(next.get().frame(), StandardCharsets.UTF_8);
      all.append(frame, frame.indexOf("data: ") + 6, frame.length() - 2);
    }
    return all.toString();
  }

  @Test
  void aFileThatIsNotThereYetHasNoLines() throws Exception {
    lines.publish(feed);

    assertThat(told(0)).isEmpty();
  }

  @Test
  void aLineCountsOnceItIsWhole() throws Exception {
    append("{\"kind\":\"step\",\"step\":1}\n{\"kind\":");
    lines.publish(feed);
    assertThat(told(0)).isEqualTo("[{\"kind\":\"step\",\"step\":1}]");

    append("\"step\",\"step\":2}\n");
    lines.publish(feed);
    assertThat(told(1)).isEqualTo("[{\"kind\":\"step\",\"step\":2}]");
    assertThat(lines.newestStep()).isEqualTo(2);
  }

  @Test
  void whatIsNoObjectIsPassed() throws Exception {
    append("nonsense\n{\"a\":\n[1]\n\n{\"a\":\"</script>\"}\n");
    lines.publish(feed);

    assertThat(told(0)).isEqualTo("[{\"a\":\"</script>\"}]");
  }

  @Test
  void aFileThatHasBecomeShorterBeginsAnew() throws Exception {
    append("{\"a\":1}\n{\"a\":2}\n");
    lines.publish(feed);
    Files.writeString(file, "{\"a\":3}\n");
    lines.publish(feed);

    assertThat(told(0)).isEqualTo("[{\"a\":1},{\"a\":2}][{\"a\":3}]");
  }

  @Test
  void moreThanOnePieceIsReadAtOnce() throws Exception {
    append("{\"a\":\"%s\"}\n".formatted("x".repeat(1000)).repeat(1000));
    lines.publish(feed);

    assertThat(told(0).split("\"a\"", -1)).hasSize(1001);
  }
}
