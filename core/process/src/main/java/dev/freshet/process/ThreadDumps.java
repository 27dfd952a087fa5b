package dev.freshet.process;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Detects that the JVM was asked for a thread dump, by SIGQUIT, jstack or jcmd. A program can
 * neither handle that signal nor be notified, but the JVM's own log lists the operations that stop
 * all threads. Owns the file of that log. Not thread-safe.
 */
final class ThreadDumps implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ThreadDumps.class);
  private static final String ROTATION = "output_options=filesize=1M,filecount=1";
  private static final String DUMP = "begin VM_Operation";
  private static final String THREADS = ": PrintThreads,";

  /** Empty if the JVM cannot write it. */
  private Optional<Path> log;

  private long read;

  private ThreadDumps(Optional<Path> log) {
    this.log = log;
  }

  /** Starts the JVM's log. If that fails, it logs a warning, and no thread dump is detected. */
  static ThreadDumps watch() {
    return new ThreadDumps(begin());
  }

  private static Optional<Path> begin() {
    try {
      Path log = Files.createTempFile("freshet-vm-", ".log");
      vmLog("output=" + log, "what=vmoperation=debug", "decorators=none", ROTATION);
      return Optional.of(log);
    } catch (IOException e) {
      LOG.warn("thread dumps are not recorded: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private static void vmLog(String... arguments) throws IOException {
    try {
      Object answer =
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  "vmLog",
                  new Object[] {arguments},
                  new String[] {String[].class.getName()});
      if (!String.valueOf(answer).isBlank()) {
        throw new IOException(String.valueOf(answer).strip());
      }
    } catch (JMException e) {
      throw new IOException("the JVM's log cannot be configured: " + e.getMessage(), e);
    }
  }

  /**
   * Whether a thread dump was requested since the last call. If the log cannot be read, because
   * temporary files were deleted for example, it logs one line and starts another.
   */
  boolean requested() {
    try {
      return log.isPresent() && requested(log.get());
    } catch (IOException e) {
      LOG.warn(
          "{} can no longer be read ({}): thread dumps until now may be missed",
          log.orElseThrow(),
          e.getClass().getSimpleName());
      close();
      read = 0;
      log = begin();
      return false;
    }
  }

  /** The file of the JVM's log. */
  Optional<Path> log() {
    return log;
  }

  private boolean requested(Path from) throws IOException {
    try (SeekableByteChannel file = Files.newByteChannel(from)) {
      if (file.size() < read) {
        read = 0; // The log was rotated.
      }
      ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.size() - read));
      file.position(read);
      while (bytes.hasRemaining() && file.read(bytes) >= 0) {
        // Reads all that was written so far.
      }
      String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
      int whole = text.lastIndexOf('\n') + 1;
      read += whole;
      return text.substring(0, whole)
          .lines()
          .anyMatch(line -> line.startsWith(DUMP) && line.contains(THREADS));
    }
  }

  @Override
  public void close() {
    log.ifPresent(
        file -> {
          try {
            vmLog("output=" + file, "what=all=off");
            Files.deleteIfExists(file);
            Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".0"));
          } catch (IOException e) {
            LOG.warn("{} cannot be deleted: {}", file, e.getMessage());
          }
        });
  }
}
