package dev.freshet.server;

import dev.freshet.config.ConfigException;
import dev.freshet.server.session.SessionName;
import dev.freshet.server.session.SessionSummary;
import dev.freshet.server.session.Turn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.OptionalDouble;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The capture files of sessions: {@code <session>.jsonl}, to which one thread appends a line for
 * each event in the order of the calls. A line that does not fit the file or the queue, or cannot
 * be written, is dropped and counted; no caller waits. Thread-safe.
 */
interface SessionFiles extends AutoCloseable {
  /** No files. */
  SessionFiles NONE =
      new SessionFiles() {
        @Override
        public void begin(SessionName name) {}

        @Override
        public void turn(SessionName name, Turn turn) {}

        @Override
        public void end(
            SessionName name, SessionSummary summary, SessionEnd how, OptionalDouble reward) {}

        @Override
        public void close() {}
      };

  /** A session began. */
  void begin(SessionName name);

  /** A turn of a session was captured. */
  void turn(SessionName name, Turn turn);

  /** A session ended. */
  void end(SessionName name, SessionSummary summary, SessionEnd how, OptionalDouble reward);

  /** Writes the lines that wait. */
  @Override
  void close();

  /**
   * Those in a directory, which is made if there is none.
   *
   * @param maxBytes the most bytes of a file
   * @throws ConfigException if the directory cannot be made or written to
   */
  static SessionFiles in(Path dir, long maxBytes, SessionMetrics metrics, InstantSource wallClock) {
    try {
      Files.createDirectories(dir);
    } catch (IOException e) {
      throw new ConfigException(
          "inference.sessions_dir %s: cannot create the directory: %s"
              .formatted(dir, e.getMessage()));
    }
    if (!Files.isWritable(dir)) {
      throw new ConfigException(
          "inference.sessions_dir %s: expected a directory that this process may write to"
              .formatted(dir));
    }
    return new InDirectory(dir, maxBytes, metrics, wallClock);
  }

  /** Appends to files on a thread of its own. */
  final class InDirectory implements SessionFiles {
    private static final Logger LOG = LoggerFactory.getLogger(SessionFiles.class);
    private static final int MAX_WAITING = 4096;
    private static final long CLOSE_SECONDS = 10;

    private final Path dir;
    private final long maxBytes;
    private final SessionMetrics metrics;
    private final InstantSource wallClock;
    private final ThreadPoolExecutor writer =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MAX_WAITING),
            Thread.ofPlatform().daemon().name("freshet-sessions").factory());

    private InDirectory(Path dir, long maxBytes, SessionMetrics metrics, InstantSource wallClock) {
      this.dir = dir;
      this.maxBytes = maxBytes;
      this.metrics = metrics;
      this.wallClock = wallClock;
    }

    @Override
    public void begin(SessionName name) {
      String time = wallClock.instant().toString();
      append(name, () -> SessionJson.begin(name, time));
    }

    @Override
    public void turn(SessionName name, Turn turn) {
      String time = wallClock.instant().toString();
      append(name, () -> SessionJson.turn(turn, time));
    }

    @Override
    public void end(
        SessionName name, SessionSummary summary, SessionEnd how, OptionalDouble reward) {
      String time = wallClock.instant().toString();
      append(name, () -> SessionJson.end(summary, how, reward, time));
    }

    private void append(SessionName name, Supplier<byte[]> line) {
      try {
        writer.execute(() -> write(dir.resolve(name + ".jsonl"), line.get()));
      } catch (RejectedExecutionException e) {
        metrics.dropped();
        LOG.warn("dropped a line of session {}: {} lines wait already", name, MAX_WAITING);
      }
    }

    private void write(Path file, byte[] line) {
      try {
        if (Files.exists(file) && Files.size(file) + line.length > maxBytes) {
          metrics.dropped();
          LOG.warn("{}: dropped a line: the file has its most bytes, {}", file, maxBytes);
          return;
        }
        Files.write(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException e) {
        metrics.dropped();
        LOG.warn("{}: cannot be written: {}", file, e.toString());
      }
    }

    @Override
    public void close() {
      writer.shutdown();
      try {
        if (!writer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
          LOG.warn("{} lines of sessions were not written in time", writer.getQueue().size());
          writer.shutdownNow();
        }
      } catch (InterruptedException e) {
        writer.shutdownNow();
        Thread.currentThread().interrupt();
      }
    }
  }
}
