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
 * Notices that the JVM was asked for a thread dump, by SIGQUIT, jstack or jcmd. It lets no program
 * handle that signal and tells none, but its own log has the operations that it stops all threads
 * for. It owns that log's file. Not thread-safe.
 */
final class ThreadDumps implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ThreadDumps.class);
  private static final String ROTATION = "output_options=filesize=1M,filecount=1";
  private static final String DUMP = "begin VM_Operation";
  private static final String THREADS = ": PrintThreads,";

  /** Empty if there is none. */
  private final Optional<Path> log;

  private long read;

  private ThreadDumps(Optional<Path> log) {
    this.log = log;
  }

  /** Begins to look. In a JVM that writes no such log none is ever noticed, which is said. */
  static ThreadDumps watch() {
    try {
      Path log = Files.createTempFile("freshet-vm-", ".log");
      vmLog("output=" + log, "what=vmoperation=debug", "decorators=none", ROTATION);
      return new ThreadDumps(Optional.of(log));
    } catch (IOException e) {
      LOG.warn("thread dumps are not recorded: {}", e.getMessage());
      return new ThreadDumps(Optional.empty());
    }
  }

  private static void vmLog(String... arguments) throws IOException {
    try {
      Object said =
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  "vmLog",
                  new Object[] {arguments},
                  new String[] {String[].class.getName()});
      if (!String.valueOf(said).isBlank()) {
        throw new IOException(String.valueOf(said).strip());
      }
    } catch (JMException e) {
      throw new IOException("the JVM's log cannot be had: " + e.getMessage(), e);
    }
  }

  /** Whether one was asked for since the last call. */
  boolean requested() throws IOException {
    return log.isPresent() && requested(log.get());
  }

  private boolean requested(Path from) throws IOException {
    try (SeekableByteChannel file = Files.newByteChannel(from)) {
      if (file.size() < read) {
        read = 0; // It is another file now.
      }
      ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.size() - read));
      file.position(read);
      while (bytes.hasRemaining() && file.read(bytes) >= 0) {
        // Goes on until all that was there is read.
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
            LOG.warn("{} is left behind: {}", file, e.getMessage());
          }
        });
  }
}
