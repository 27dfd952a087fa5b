package dev.freshet.lab.engine;

import dev.freshet.lab.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A process and its children, stopped by a signal until closed: they take no processor time. */
final class StoppedProcess implements AutoCloseable {
  private static final int DEADLINE_S = 10;

  private final List<String> ids;

  StoppedProcess(ProcessHandle process) {
    this.ids =
        Stream.concat(Stream.of(process), process.descendants())
            .map(handle -> Long.toString(handle.pid()))
            .toList();
    signal("-STOP");
  }

  private void signal(String signal) {
    List<String> command = new ArrayList<>(List.of("kill", signal));
    command.addAll(ids);
    try {
      Process kill = new ProcessBuilder(command).redirectErrorStream(true).start();
      boolean ended = kill.waitFor(DEADLINE_S, TimeUnit.SECONDS);
      if (!ended || kill.exitValue() != 0) {
        throw new LabException(
            "%s failed: %s"
                .formatted(
                    String.join(" ", command),
                    ended
                        ? new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .strip()
                        : "no end within %d s".formatted(DEADLINE_S)));
      }
    } catch (IOException e) {
      throw new LabException("%s: %s".formatted(String.join(" ", command), e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException(String.join(" ", command) + ": interrupted", e);
    }
  }

  @Override
  public void close() {
    signal("-CONT");
  }
}
