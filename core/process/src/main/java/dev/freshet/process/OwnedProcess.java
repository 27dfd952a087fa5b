package dev.freshet.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A child process. Closing terminates it, and kills it and its children if it does not end within
 * 20 seconds. Its output goes to a file.
 */
public final class OwnedProcess implements AutoCloseable {
  private static final Duration END = Duration.ofSeconds(20);
  private static final Duration KILLED = Duration.ofSeconds(5);
  private static final int LOOK_MS = 20;

  /** How to tell that the process is ready. */
  @FunctionalInterface
  public interface Sign<T> {
    /**
     * Looks for the sign that it is ready; empty until it is.
     *
     * @param output everything the process has written
     */
    Optional<T> look(String output) throws IOException;
  }

  private final String name;
  private final Process process;
  private final Path output;

  private OwnedProcess(String name, Process process, Path output) {
    this.name = name;
    this.process = process;
    this.output = output;
  }

  /**
   * Starts {@code command}.
   *
   * @param name its name in error messages
   * @param output the file for its standard output and error
   */
  public static OwnedProcess start(String name, List<String> command, Path output)
      throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new OwnedProcess(name, process, output);
  }

  public ProcessHandle handle() {
    return process.toHandle();
  }

  /**
   * Waits until the process is ready.
   *
   * @throws IllegalStateException if it ends first, or is not ready within {@code most}
   */
  public <T> T await(Sign<T> sign, Duration most) throws IOException, InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    while (true) {
      Optional<T> seen = sign.look(Files.readString(output));
      if (seen.isPresent()) {
        return seen.get();
      }
      if (!process.isAlive()) {
        throw new IllegalStateException(
            "%s ended with exit code %d: %s"
                .formatted(name, process.exitValue(), Files.readString(output).strip()));
      }
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException(
            "%s was not ready within %d s: %s"
                .formatted(name, most.toSeconds(), Files.readString(output).strip()));
      }
      Thread.sleep(LOOK_MS);
    }
  }

  @Override
  public void close() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    try {
      if (process.waitFor(END.toSeconds(), TimeUnit.SECONDS)) {
        return;
      }
      kill(children);
      if (!process.waitFor(KILLED.toSeconds(), TimeUnit.SECONDS)) {
        throw new UncheckedIOException(
            new IOException("%s (pid %d) cannot be killed".formatted(name, process.pid())));
      }
    } catch (InterruptedException e) {
      kill(children);
      Thread.currentThread().interrupt();
    }
  }

  private void kill(List<ProcessHandle> children) {
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
  }
}
