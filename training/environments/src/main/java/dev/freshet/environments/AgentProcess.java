package dev.freshet.environments;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A program with the processes that it starts. The ends of what it writes are kept. Two platform
 * threads read its output and one writes its input; they end with the processes. A watchdog kills
 * those processes that are known, if this one ends before. Thread-safe; the owner closes it, which
 * kills all its processes.
 */
final class AgentProcess implements AutoCloseable {
  /** Bytes of each output that are kept. */
  private static final int KEPT = 64 << 10;

  private static final long END_MILLIS = 2_000;

  private final Process process;
  private final Watchdog watchdog;
  private final Tail out = new Tail(KEPT);
  private final Tail err = new Tail(KEPT);
  private final List<Thread> readers;
  private final Set<ProcessHandle> descendants = new HashSet<>();

  /**
   * Starts the program.
   *
   * @param environment the whole environment
   * @param input what it reads from its standard input
   * @param watchdog guards it until it ends
   * @throws IOException if it cannot be started
   */
  AgentProcess(
      List<String> command,
      Path directory,
      Map<String, String> environment,
      String input,
      Watchdog watchdog)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    this.process = builder.start();
    this.watchdog = watchdog;
    guard(process.toHandle());
    this.readers =
        List.of(
            thread("agent-out", () -> read(process.getInputStream(), out)),
            thread("agent-err", () -> read(process.getErrorStream(), err)));
    var _ = thread("agent-in", () -> write(input));
  }

  private void guard(ProcessHandle handle) {
    watchdog.guard(handle.pid());
    var _ = handle.onExit().thenRun(() -> watchdog.release(handle.pid()));
  }

  /** Reading a pipe would hold the carrier of a virtual thread. */
  private static Thread thread(String name, Runnable work) {
    return Thread.ofPlatform().daemon().name(name).start(work);
  }

  private static void read(InputStream from, Tail to) {
    byte[] buffer = new byte[8 << 10];
    try (from) {
      for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
        to.add(buffer, count);
      }
    } catch (IOException e) {
      // The pipe broke with the process; its end is known otherwise.
    }
  }

  private void write(String input) {
    try (OutputStream to = process.getOutputStream()) {
      to.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It need not read its input.
    }
  }

  /** Completes when the program itself has ended. */
  CompletableFuture<Process> ended() {
    return process.onExit();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** The exit status of a program that has ended. */
  int status() {
    return process.exitValue();
  }

  /** Remembers the processes that it has started, which may outlive it. */
  synchronized void look() {
    descendants.removeIf(handle -> !handle.isAlive());
    process.descendants().filter(descendants::add).forEach(this::guard);
  }

  /** The last line of its standard output that is not blank; empty if there is none. */
  String lastLine() throws InterruptedException {
    awaitReaders();
    return out.text().lines().filter(line -> !line.isBlank()).reduce("", (_, last) -> last).strip();
  }

  /**
   * The end of what it wrote to its standard error, or else to its standard output, on one line:
   * the reason of a traceback is its last line.
   */
  String said(int most) throws InterruptedException {
    awaitReaders();
    String written = err.text().isBlank() ? out.text() : err.text();
    String text = written.strip().replaceAll("\\s*\\R\\s*", " | ");
    return text.length() <= most ? text : "…" + text.substring(text.length() - most);
  }

  /** What the program wrote is read, unless a process that outlives it keeps the pipes open. */
  private void awaitReaders() throws InterruptedException {
    for (Thread reader : readers) {
      if (!process.isAlive()) {
        var _ = reader.join(Duration.ofMillis(END_MILLIS));
      }
    }
  }

  /** Kills the program and every process that it has started. */
  @Override
  public void close() {
    Set<ProcessHandle> all;
    synchronized (this) {
      look();
      all = Set.copyOf(descendants);
    }
    process.destroyForcibly();
    all.stream()
        .flatMap(handle -> Stream.concat(Stream.of(handle), handle.descendants()))
        .toList()
        .forEach(ProcessHandle::destroyForcibly);
    try {
      var _ = process.waitFor(END_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The last bytes of a stream. */
  private static final class Tail {
    private final byte[] bytes;
    private long total;

    Tail(int most) {
      this.bytes = new byte[most];
    }

    synchronized void add(byte[] more, int count) {
      for (int i = 0; i < count; i++) {
        bytes[(int) (total++ % bytes.length)] = more[i];
      }
    }

    synchronized String text() {
      int kept = (int) Math.min(total, bytes.length);
      byte[] last = new byte[kept];
      for (int i = 0; i < kept; i++) {
        last[i] = bytes[(int) ((total - kept + i) % bytes.length)];
      }
      return new String(last, StandardCharsets.UTF_8);
    }
  }
}
