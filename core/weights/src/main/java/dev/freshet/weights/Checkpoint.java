package dev.freshet.weights;

import dev.freshet.trace.Quoted;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The weights of one Hugging Face directory, mapped: {@code model.safetensors}, or the shards that
 * {@code model.safetensors.index.json} names, or the {@code adapter_model.safetensors} of an
 * adapter. The index decides: a tensor that a shard has, but the index does not place there, is an
 * older copy and not part of the checkpoint. Opening checks every header; it copies nothing and
 * reads no tensor. The caller that opens a checkpoint closes it, after the last thread has stopped
 * reading its tensors. Closing unmaps.
 *
 * <p>The owner of the directory must not change a published file in place. Deleting, renaming or
 * replacing files or the directory is harmless on Linux, because the opened files stay open. If a
 * file is shortened in place, its pages vanish from the mapping, and native code that reads them
 * ends the process. {@link #populate} and {@link #verifyContents} throw instead; {@link
 * #requireIntact} detects it without reading.
 *
 * <p>Thread-safe.
 */
public final class Checkpoint implements AutoCloseable {
  static final String SINGLE_FILE = "model.safetensors";

  /** The only weights of an adapter's directory. */
  static final String ADAPTER_FILE = "adapter_model.safetensors";

  private final Path dir;
  private final Arena arena;
  private final List<SafetensorsFile> files;
  private final Map<String, TensorView> tensors;
  private final Optional<Manifest> manifest;

  private Checkpoint(
      Path dir,
      Arena arena,
      List<SafetensorsFile> files,
      Map<String, TensorView> tensors,
      Optional<Manifest> manifest) {
    this.dir = dir;
    this.arena = arena;
    this.files = List.copyOf(files);
    this.tensors = Collections.unmodifiableMap(tensors);
    this.manifest = manifest;
  }

  /**
   * Maps the weights in {@code dir}, a plain model directory.
   *
   * @throws CheckpointException if they are missing, truncated, or contradict themselves
   */
  public static Checkpoint open(Path dir) {
    return open(dir, Optional.empty());
  }

  /** Maps the weights in {@code dir} with its manifest. */
  @SuppressWarnings("MustBeClosedChecker") // The checkpoint owns the arena; close() closes it.
  static Checkpoint open(Path dir, Optional<Manifest> manifest) {
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
    List<SafetensorsFile> files = new ArrayList<>();
    boolean opened = false;
    try {
      Map<String, TensorView> tensors = map(dir, arena, files);
      Checkpoint checkpoint = new Checkpoint(dir, arena, files, tensors, manifest);
      opened = true;
      return checkpoint;
    } finally {
      if (!opened) {
        arena.close();
        files.forEach(SafetensorsFile::close);
      }
    }
  }

  /** Adds every file that it opens to {@code files}, also when it throws. */
  private static Map<String, TensorView> map(Path dir, Arena arena, List<SafetensorsFile> files) {
    if (Files.exists(dir.resolve(SINGLE_FILE))) {
      return mapFile(dir.resolve(SINGLE_FILE), arena, files);
    }
    if (Files.exists(dir.resolve(ShardIndex.FILE_NAME))) {
      return mapShards(dir, ShardIndex.read(dir.resolve(ShardIndex.FILE_NAME)), arena, files);
    }
    if (Files.exists(dir.resolve(ADAPTER_FILE))) {
      return mapFile(dir.resolve(ADAPTER_FILE), arena, files);
    }
    throw new CheckpointException(
        "%s: no weights, expected %s or %s".formatted(dir, SINGLE_FILE, ShardIndex.FILE_NAME));
  }

  private static Map<String, TensorView> mapFile(
      Path path, Arena arena, List<SafetensorsFile> files) {
    SafetensorsFile file = SafetensorsFile.map(path, arena);
    files.add(file);
    Map<String, TensorView> tensors = new LinkedHashMap<>();
    for (TensorView tensor : file.tensors()) {
      tensors.put(tensor.name(), tensor);
    }
    return tensors;
  }

  private static Map<String, TensorView> mapShards(
      Path dir, ShardIndex index, Arena arena, List<SafetensorsFile> files) {
    Map<String, TensorView> found = new LinkedHashMap<>();
    for (String shard : new LinkedHashSet<>(index.shardOf().values())) {
      if (!Files.exists(dir.resolve(shard))) {
        throw new CheckpointException(
            "%s: names shard %s, which is not in the directory"
                .formatted(index.file(), Quoted.of(shard)));
      }
      SafetensorsFile file = SafetensorsFile.map(dir.resolve(shard), arena);
      files.add(file);
      for (TensorView tensor : file.tensors()) {
        if (shard.equals(index.shardOf().get(tensor.name()))) {
          found.put(tensor.name(), tensor);
        }
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
                    "%s: tensor %s: not in shard %s, where the index places it"
                        .formatted(index.file(), Quoted.of(name), Quoted.of(shard)));
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

  /** The total size of all tensors in bytes. */
  public long bytes() {
    return tensors.values().stream().mapToLong(t -> t.data().byteSize()).sum();
  }

  /** The manifest with which the weights were published; empty for a plain directory. */
  Optional<Manifest> manifest() {
    return manifest;
  }

  /**
   * Faults in, on all cores, every page of the mapping that is in the page cache, as those of a
   * checkpoint that was just published are. Some pages that come from the disk may be left to
   * {@link #verifyContents}, after which every page is mapped.
   *
   * @throws CheckpointException if a file was shortened or cannot be read
   */
  public void populate() {
    populate(tensors.values());
  }

  /** As {@link #populate()}, for some of the tensors. */
  public void populate(Collection<TensorView> some) {
    for (SafetensorsFile file : files) {
      PageAdvice.hugePages(file.mapping());
    }
    new ContentScan(this, some).populate();
  }

  /**
   * Reads every tensor once, on all cores, and checks that its checksum is that of the manifest, if
   * there is one, and that its numbers are finite.
   *
   * @throws CheckpointException naming a tensor with another checksum, the first NaN or infinity of
   *     a tensor, or a file that was shortened or cannot be read
   */
  public void verifyContents() {
    verifyContents(tensors.values());
  }

  /** As {@link #verifyContents()}, for some of the tensors. */
  public void verifyContents(Collection<TensorView> some) {
    new ContentScan(this, some).verify(manifest.map(Manifest::tensors).orElse(Map.of()));
  }

  /**
   * Whether two tensors of this checkpoint have the same type, shape and bytes.
   *
   * @throws CheckpointException if a file was shortened or cannot be read
   */
  public boolean sameContents(TensorView one, TensorView other) {
    return one.dtype() == other.dtype()
        && Arrays.equals(one.shape(), other.shape())
        && ContentScan.same(this, one, other);
  }

  /**
   * Checks that every mapped file still has all bytes that were mapped, even if it was renamed or
   * deleted. Only asks the kernel for sizes, which is fast.
   *
   * @throws CheckpointException naming the first file that was shortened
   */
  public void requireIntact() {
    files.forEach(SafetensorsFile::requireIntact);
  }

  /**
   * Gives the memory of the mapping back to the kernel. The tensors stay valid: reading them faults
   * pages in again, from the page cache or the disk. On systems other than Linux it does nothing.
   */
  public void dropPages() {
    for (SafetensorsFile file : files) {
      PageAdvice.dontNeed(file.mapping());
    }
  }

  /** As {@link #dropPages()}, for the pages that hold nothing but some of the tensors. */
  public void dropPages(Collection<TensorView> some) {
    some.forEach(view -> PageAdvice.dontNeedWithin(view.data()));
  }

  /** Unmaps; no view may be read afterwards. Closing again does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      files.forEach(SafetensorsFile::close);
    }
  }
}
