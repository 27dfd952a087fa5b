package dev.freshet.lab.analyze.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A file that grows. One that was replaced, or became shorter, begins again when asked to. */
public final class TailedFile implements ByteInput, AutoCloseable {
  private final Path path;
  private FileChannel channel;
  private @Nullable Object key;

  /** Opens the file. */
  public TailedFile(Path path) throws IOException {
    this.path = path;
    this.channel = FileChannel.open(path);
    this.key = key(path);
  }

  private static @Nullable Object key(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    return channel.read(ByteBuffer.wrap(into, offset, length));
  }

  /** Whether the path now has another content than the one that was read to its end. */
  public boolean wasReplaced() throws IOException {
    return Files.exists(path)
        && (channel.size() < channel.position() || !Objects.equals(key, key(path)));
  }

  /** Begins with what the path has now. */
  public void reopen() throws IOException {
    FileChannel next = FileChannel.open(path);
    channel.close();
    channel = next;
    key = key(path);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
