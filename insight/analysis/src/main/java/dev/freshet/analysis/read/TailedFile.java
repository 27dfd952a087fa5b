package dev.freshet.analysis.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * A file that grows. One that another has taken the place of, or that was written anew, begins
 * again when asked to. Used by one thread.
 */
public final class TailedFile implements ByteInput, AutoCloseable {
  /** Enough of a log's beginning to tell it from another's: it has the time of the first line. */
  private static final int HEAD = 256;

  private final Path path;
  private FileChannel channel;
  private String identity;
  private ByteBuffer head = ByteBuffer.allocate(0);

  /** Opens the file. */
  public TailedFile(Path path) throws IOException {
    this.path = path;
    this.channel = FileChannel.open(path);
    this.identity = identity(path);
  }

  /** What tells a file from others, whatever it is called. */
  public static String identity(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    return attributes.fileKey() == null
        ? path.toAbsolutePath().toString()
        : attributes.fileKey() + " of " + attributes.creationTime();
  }

  /** What tells the file that is read from others. */
  public String identity() {
    return identity;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int read = channel.read(ByteBuffer.wrap(into, offset, length));
    if (head.capacity() < HEAD && channel.position() > head.capacity()) {
      head = head((int) Math.min(HEAD, channel.position()));
    }
    return read;
  }

  private ByteBuffer head(int length) throws IOException {
    ByteBuffer beginning = ByteBuffer.allocate(length);
    channel.read(beginning, 0);
    return beginning.flip();
  }

  /** Whether the file was cut off, and perhaps written to again, since it was read. */
  public boolean isRewritten() throws IOException {
    return channel.size() < channel.position()
        || (head.capacity() > 0 && !head(head.capacity()).equals(head));
  }

  /** Whether the path now names another file. */
  public boolean isReplaced() throws IOException {
    return Files.exists(path) && !identity(path).equals(identity);
  }

  /** Begins with what the path has now. */
  public void reopen() throws IOException {
    FileChannel next = FileChannel.open(path);
    channel.close();
    channel = next;
    identity = identity(path);
    head = ByteBuffer.allocate(0);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
