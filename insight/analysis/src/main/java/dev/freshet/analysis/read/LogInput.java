package dev.freshet.analysis.read;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * An open log: a file or a stream, gzip by its first bytes or not. What is read is UTF-8, whatever
 * the log is, and has the parts of lines of a container's log joined.
 */
public final class LogInput implements ByteInput, AutoCloseable {
  private static final int GZIP_MAGIC = 0x1f8b;
  private static final int BUFFER = 1 << 16;

  private final ByteInput input;
  private final AutoCloseable owned;

  private LogInput(ByteInput input, AutoCloseable owned) {
    this.input = text(input, true);
    this.owned = owned;
  }

  /** Opens a file; a pipe is opened once. */
  public static LogInput open(Path file) throws IOException {
    if (Files.isRegularFile(file) && !isGzip(file)) {
      return plain(file);
    }
    InputStream stream = Files.newInputStream(file);
    try {
      InputStream text = unzipped(stream);
      return new LogInput(text::read, text);
    } catch (IOException e) {
      stream.close();
      throw e;
    }
  }

  /** The text of a log that grows. */
  public static ByteInput growing(ByteInput log) {
    return text(log, false);
  }

  private static ByteInput text(ByteInput log, boolean ends) {
    return new JoinedLines(new DecodedInput(log, ends), ends);
  }

  /** Reads a stream, which is gzip by its first bytes or not, and stays open. */
  public static LogInput of(InputStream stream) throws IOException {
    return new LogInput(unzipped(stream)::read, () -> {});
  }

  private static InputStream unzipped(InputStream stream) throws IOException {
    BufferedInputStream in = new BufferedInputStream(stream, BUFFER);
    in.mark(2);
    boolean gzip = isGzip(in);
    in.reset();
    return gzip ? new GZIPInputStream(in, BUFFER) : in;
  }

  /** Whether a file is gzip by its first bytes. */
  public static boolean isGzip(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return isGzip(in);
    }
  }

  private static boolean isGzip(InputStream in) throws IOException {
    return (in.read() << 8 | in.read()) == GZIP_MAGIC;
  }

  private static LogInput plain(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file);
    ByteBuffer direct = ByteBuffer.allocateDirect(BUFFER);
    return new LogInput(
        (into, offset, length) -> {
          int read = channel.read(direct.clear().limit(Math.min(length, BUFFER)));
          if (read > 0) {
            direct.get(0, into, offset, read);
          }
          return read;
        },
        channel);
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    return input.read(into, offset, length);
  }

  @Override
  public void close() throws IOException {
    try {
      owned.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
