package dev.freshet.weights;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * The weights of one Hugging Face directory, mapped: {@code model.safetensors}, or the shards that
 * {@code model.safetensors.index.json} names. Opening checks every header and the index against the
 * shards, copies nothing and reads no tensor. Whoever opens it closes it, and only when no thread
 * can read a tensor of it any more; closing unmaps. The files must not be changed in place
 * meanwhile; deleting the directory is harmless on Linux.
 *
 * <p>Safe for use by any number of threads.
 */
public final class Checkpoint implements AutoCloseable {
  static final String SINGLE_FILE = "model.safetensors";

  private final Path dir;
  private final Arena arena;
  private final Map<String, TensorView> tensors;

  private Checkpoint(Path dir, Arena arena, Map<String, TensorView> tensors) {
    this.dir = dir;
    this.arena = arena;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Maps the weights in {@code dir}.
   *
   * @throws CheckpointException if they are missing, truncated, or contradict themselves
   */
  @SuppressWarnings("MustBeClosedChecker") // The checkpoint owns the arena; close() closes it.
  public static Checkpoint open(Path dir) {
    if (!Files.isDirectory(dir)) {
      throw new CheckpointException(
          "%s: %s, expected a directory with %s or %s"
              .formatted(
                  dir,
                  Files.exists(dir) ? "not a directory" : "not found",
                  SINGLE_FILE,
                  ShardIndex.FILE_NAME));
    }
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try {
      Checkpoint checkpoint = new Checkpoint(dir, arena, map(dir, arena));
      opened = true;
      return checkpoint;
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  private static Map<String, TensorView> map(Path dir, Arena arena) {
    if (Files.exists(dir.resolve(SINGLE_FILE))) {
      Map<String, TensorView> tensors = new LinkedHashMap<>();
      for (TensorView tensor : SafetensorsFile.map(dir.resolve(SINGLE_FILE), arena).tensors()) {
        tensors.put(tensor.name(), tensor);
      }
      return tensors;
    }
    if (Files.exists(dir.resolve(ShardIndex.FILE_NAME))) {
      return mapShards(dir, ShardIndex.read(dir.resolve(ShardIndex.FILE_NAME)), arena);
    }
    throw new CheckpointException(
        "%s: no weights, expected %s or %s".formatted(dir, SINGLE_FILE, ShardIndex.FILE_NAME));
  }

  private static Map<String, TensorView> mapShards(Path dir, ShardIndex index, Arena arena) {
    Map<String, TensorView> found = new LinkedHashMap<>();
    for (String shard : new LinkedHashSet<>(index.shardOf().values())) {
      if (!Files.exists(dir.resolve(shard))) {
        throw new CheckpointException(
            "%s: names shard %s, which is not in the directory".formatted(index.file(), shard));
      }
      List<TensorView> tensors = SafetensorsFile.map(dir.resolve(shard), arena).tensors();
      for (TensorView tensor : tensors) {
        String expected = index.shardOf().get(tensor.name());
        if (!shard.equals(expected)) {
          throw new CheckpointException(
              "%s: tensor '%s': found in this shard, but %s places it in %s"
                  .formatted(
                      dir.resolve(shard),
                      tensor.name(),
                      ShardIndex.FILE_NAME,
                      expected == null ? "none" : expected));
        }
        found.put(tensor.name(), tensor);
      }
    }
    Map<String, TensorView> tensors = new LinkedHashMap<>();
    index
        .shardOf()
        .forEach(
            (name, shard) -> {
              TensorView tensor = found.get(name);
              if (tensor == null) {
                throw new CheckpointException(
                    "%s: tensor '%s': not in shard %s, where the index places it"
                        .formatted(index.file(), name, shard));
              }
              tensors.put(name, tensor);
            });
    return tensors;
  }

  /** The directory. */
  public Path dir() {
    return dir;
  }

  /** All tensors by name, in the order of the header, or of the index if sharded. */
  public Map<String, TensorView> tensors() {
    return tensors;
  }

  /** The bytes of all tensors together. */
  public long bytes() {
    return tensors.values().stream().mapToLong(t -> t.data().byteSize()).sum();
  }

  /**
   * Reads every floating-point tensor, on all cores, in search of what no policy can be run on.
   *
   * @throws CheckpointException naming a tensor with a NaN or an infinity and the first such index
   */
  public void requireFinite() {
    TensorScan.each(
        tensors.values(),
        tensor ->
            FiniteScan.firstNonFinite(tensor)
                .ifPresent(
                    index -> {
                      throw new CheckpointException(
                          "%s: tensor '%s': element %d is NaN or infinite, expected finite weights"
                              .formatted(dir, tensor.name(), index));
                    }));
  }

  /** Unmaps; every view is dead from here on. Closing again does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
