package dev.freshet.analysis.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A file that grows, read on from where the last read ended. It stays the same file when it is
 * renamed. It is open only between a read that found something and {@link #release}. Used by one
 * thread.
 */
public final class TailedFile implements ByteInput, AutoCloseable {
  /** Enough to tell a log's beginning from another's: it has the time of a line. */
  private static final int EDGE = 256;

  private final String identity;
  private Path path;
  private @Nullable FileChannel channel;
  private Mark mark = Mark.NONE;

  /** The size of the file when {@link #mark} was last compared with its content. */
  private long compared;

  /**
   * How far a file was read and what was there: its first and its last bytes before the offset, at
   * most {@value #EDGE} each.
   */
  public record Mark(long offset, byte[] head, byte[] foot) {
    private static final Mark NONE = new Mark(0, new byte[0], new byte[0]);

    private Mark after(byte[] bytes, int from, int count) {
      byte[] added = Arrays.copyOfRange(bytes, from + Math.max(0, count - EDGE), from + count);
      byte[] first = Arrays.copyOfRange(bytes, from, from + Math.min(count, EDGE - head.length));
      byte[] last = joined(foot, added);
      return new Mark(
          offset + count,
          joined(head, first),
          Arrays.copyOfRange(last, Math.max(0, last.length - EDGE), last.length));
    }

    private static byte[] joined(byte[] a, byte[] b) {
      byte[] both = Arrays.copyOf(a, a.length + b.length);
      System.arraycopy(b, 0, both, a.length, b.length);
      return both;
    }

    private boolean isIn(FileChannel file) throws IOException {
      return offset <= file.size() && isAt(file, head, 0) && isAt(file, foot, offset - foot.length);
    }

    private static boolean isAt(FileChannel file, byte[] expected, long position)
        throws IOException {
      ByteBuffer found = ByteBuffer.allocate(expected.length);
      while (found.hasRemaining()) {
        if (file.read(found, position + found.position()) < 0) {
          return false;
        }
      }
      return Arrays.equals(found.array(), expected);
    }
  }

  /** Opens the file, to be read from its beginning. */
  public TailedFile(Path path) throws IOException {
    this.path = path;
    this.channel = FileChannel.open(path);
    this.identity = identity(path);
  }

  /** What tells a file from others, whatever its name: inode and time of creation. */
  public static String identity(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    return attributes.fileKey() == null
        ? path.toAbsolutePath().toString()
        : attributes.fileKey() + " of " + attributes.creationTime();
  }

  /** The identity of this file. */
  public String identity() {
    return identity;
  }

  /** Its name when it was last looked for. */
  public Path path() {
    return path;
  }

  /** It is called {@code name} now. */
  public void renamed(Path name) {
    path = name;
  }

  /** How far it was read. */
  public Mark mark() {
    return mark;
  }

  /** Its size; as far as it was read, if it is not open and {@link #path} names another file. */
  public long size() throws IOException {
    if (channel != null) {
      return channel.size();
    }
    return Files.exists(path) && identity(path).equals(identity) ? Files.size(path) : mark.offset();
  }

  /** Whether its size differs from what was read. */
  public boolean isChanged() throws IOException {
    return size() != mark.offset();
  }

  /** Whether what was read of another file is the beginning of this one. */
  public boolean beginsWith(Mark other) throws IOException {
    return other.offset() > 0 && other.isIn(opened());
  }

  /** Reads on from where another file, whose content this one begins with, was read to. */
  public void skipTo(Mark other) {
    mark = other;
  }

  /** Whether the file was truncated, and perhaps written to again, since it was read. */
  public boolean isRewritten() throws IOException {
    long size = size();
    if (size == compared && size >= mark.offset()) {
      return false;
    }
    compared = size;
    return size < mark.offset() || !mark.isIn(opened());
  }

  /** Begins again at the beginning. */
  public void restart() {
    mark = Mark.NONE;
    compared = 0;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int read = opened().read(ByteBuffer.wrap(into, offset, length), mark.offset());
    if (read > 0) {
      mark = mark.after(into, offset, read);
    }
    return read;
  }

  private FileChannel opened() throws IOException {
    FileChannel open = channel;
    if (open == null) {
      open = FileChannel.open(path);
      channel = open;
    }
    return open;
  }

  /** Closes it until the next read. */
  public void release() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
    }
  }

  @Override
  public void close() throws IOException {
    release();
  }
}
