package dev.freshet.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class ThreadPriorityTest {
  /** Fields of {@code /proc/…/stat} between the thread's name and its niceness. */
  private static final int NICE = 16;

  @Test
  void aThreadLowersOnlyItself() throws Exception {
    int before = niceness(Path.of("/proc/thread-self"));
    FutureTask<Integer> lowered =
        new FutureTask<>(
            () -> {
              ThreadPriority.lower(before + 3);
              return niceness(Path.of("/proc/thread-self"));
            });
    Thread.ofPlatform().start(lowered);
    assertThat(lowered.get(30, TimeUnit.SECONDS)).isEqualTo(before + 3);
    assertThat(niceness(Path.of("/proc/thread-self"))).isEqualTo(before);
  }

  @Test
  void theCompilersRunAtALowerPriorityThanOtherThreads() throws IOException {
    ThreadPriority.lowerCompilers();
    Map<String, Integer> niceness = new HashMap<>();
    try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
      for (Path thread : threads.toList()) {
        niceness.put(Files.readString(thread.resolve("comm")).strip(), niceness(thread));
      }
    }
    assertThat(niceness).containsEntry("C1 CompilerThre", ThreadPriority.COMPUTE);
    assertThat(niceness.get("VM Thread")).isLessThan(ThreadPriority.COMPUTE);
  }

  private static int niceness(Path thread) throws IOException {
    String stat = Files.readString(thread.resolve("stat"));
    return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[NICE]);
  }
}
