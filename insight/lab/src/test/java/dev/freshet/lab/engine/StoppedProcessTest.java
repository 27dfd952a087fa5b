package dev.freshet.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.lab.LabException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
@EnabledOnOs(OS.LINUX)
class StoppedProcessTest {
  @Test
  void aProcessAndItsChildrenAreStoppedUntilItIsClosed() throws Exception {
    Process shell = new ProcessBuilder("/bin/sh", "-c", "sleep 50 & wait").start();
    try {
      while (shell.toHandle().descendants().count() == 0) {
        Thread.onSpinWait();
      }
      ProcessHandle child = shell.toHandle().descendants().findFirst().orElseThrow();
      List<Long> both = List.of(shell.pid(), child.pid());
      try (StoppedProcess _ = new StoppedProcess(shell.toHandle())) {
        for (long pid : both) {
          await(pid, true);
        }
      }
      for (long pid : both) {
        await(pid, false);
      }
    } finally {
      shell.toHandle().descendants().forEach(ProcessHandle::destroyForcibly);
      shell.destroyForcibly();
    }
  }

  /** Waits until a process is stopped, or is not. */
  private static void await(long pid, boolean stopped) throws Exception {
    while (stopped
        != Files.readString(Path.of("/proc/" + pid + "/stat"))
            .replaceAll(".*\\) ", "")
            .startsWith("T")) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aProcessThatHasEndedCannotBeStopped() throws Exception {
    Process ended = new ProcessBuilder("/bin/true").start();
    assertThat(ended.waitFor()).isZero();
    ProcessHandle handle = ended.toHandle();

    assertThatThrownBy(() -> new StoppedProcess(handle))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("kill -STOP " + handle.pid());
  }
}
