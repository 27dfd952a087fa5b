package dev.freshet.analysis.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class LogFilesTest {
  @TempDir Path dir;

  @Test
  void logsAreFoundWhileOtherFilesOfTheRunComeAndGo() throws Exception {
    Path log = Files.writeString(dir.resolve("z.log"), "one line\n");
    AtomicBoolean ended = new AtomicBoolean();
    Thread trainer = Thread.ofPlatform().start(() -> publishUntil(ended));
    try {
      for (int i = 0; i < 2000; i++) {
        assertThat(LogFiles.find(List.of(dir))).isEqualTo(new LogFiles(List.of(log), List.of()));
      }
    } finally {
      ended.set(true);
      trainer.join();
    }
  }

  private void publishUntil(AtomicBoolean ended) {
    try {
      while (!ended.get()) {
        Path part = Files.createDirectory(dir.resolve("checkpoint.tmp"));
        Path file = Files.createFile(part.resolve("model.safetensors"));
        Files.delete(file);
        Files.delete(part);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
