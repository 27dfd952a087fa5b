package dev.freshet.weights.gguf;

import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.ModelFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;

/**
 * A GGUF file, mapped read-only. Opening checks its metadata and table of tensors and reads no
 * tensor. The caller closes it after the last read. The file must not be changed while it is open.
 */
public final class GgufFile implements AutoCloseable {
  private static final String EXPECTED = "a GGUF file";

  private final Path file;
  private final Arena arena;
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors;

  private GgufFile(Path file, Arena arena, GgufHead.Content content) {
    this.file = file;
    this.arena = arena;
    this.metadata = content.metadata();
    this.tensors = Collections.unmodifiableMap(content.tensors());
  }

  /**
   * Maps {@code file}.
   *
   * @throws CheckpointException if it cannot be read, is malformed, or holds a tensor of a type
   *     that is not supported
   */
  @SuppressWarnings("MustBeClosedChecker") // The instance owns the arena; close() closes it.
  public static GgufFile open(Path file) {
    var _ = ModelFile.requireRegular(file, EXPECTED);
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try (FileChannel channel = FileChannel.open(file)) {
      MemorySegment mapping = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      GgufFile gguf = new GgufFile(file, arena, new GgufHead(file, mapping).read());
      opened = true;
      return gguf;
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read as %s: %s".formatted(file, EXPECTED, e.getMessage()), e);
    } catch (InternalError e) {
      throw new CheckpointException(
          "%s: cannot be read: the disk failed or the file was changed in place".formatted(file),
          e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /** The file. */
  public Path file() {
    return file;
  }

  /** Its keys and values. */
  public GgufMetadata metadata() {
    return metadata;
  }

  /** All tensors by name, in the order of the file. */
  public Map<String, GgufTensor> tensors() {
    return tensors;
  }

  /** Unmaps; no tensor may be read afterwards. Closing again does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
