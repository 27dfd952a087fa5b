package dev.freshet.weights;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The publication of one checkpoint. It is written under a hidden name in the same directory,
 * forced to the disk and renamed. If a write fails or the process dies at any moment, the
 * checkpoint is either complete under its own name or not visible at all. The next publication
 * removes a hidden directory that was left over.
 *
 * @param target the directory of the checkpoint, absolute; its parent has the lock
 * @param step the policy version of the weights
 * @param baseVersion the policy version from which the optimizer step was taken
 * @param weightsFile the name of the file of the weights
 * @param sideFiles content by file name
 */
record Publication(
    Path target,
    long step,
    long baseVersion,
    String weightsFile,
    List<? extends TensorSource> tensors,
    Map<String, byte[]> sideFiles) {

  private static final String LOCK = ".publish.lock";

  /** As {@link #hiddenBeside} makes it. */
  private static final Pattern HIDDEN = Pattern.compile("\\.(.+)\\.[0-9a-f]{16}\\.tmp");

  private static final Set<String> OWN_FILES =
      Set.of(
          Checkpoint.SINGLE_FILE,
          Checkpoint.ADAPTER_FILE,
          ShardIndex.FILE_NAME,
          Manifest.FILE_NAME,
          CheckpointStore.STABLE);

  Publication {
    if (step < 0) {
      throw new IllegalArgumentException("step %d: expected 0 or more".formatted(step));
    }
    for (String name : sideFiles.keySet()) {
      if (!isSideFile(name)) {
        throw new IllegalArgumentException(
            "side file '%s': expected a plain file name that the store does not use itself"
                .formatted(name));
      }
    }
  }

  /** Whether a file beside the weights may have this name. */
  static boolean isSideFile(String name) {
    return ModelFile.isPlainName(name) && !name.startsWith(".") && !OWN_FILES.contains(name);
  }

  /** The directory of which the checkpoint is an entry. */
  private Path parent() {
    return Objects.requireNonNull(target.getParent(), "a target below the root");
  }

  /** A hidden name that {@link #removeLeftovers} recognizes. */
  static Path hiddenBeside(Path stepDir) {
    long random = ThreadLocalRandom.current().nextLong();
    return stepDir.resolveSibling(
        ".%s.%s.tmp".formatted(stepDir.getFileName(), HexFormat.of().toHexDigits(random)));
  }

  /** Publishes the checkpoint, or throws and leaves nothing of it behind. */
  void run() {
    Path parent = parent();
    Path temporary = hiddenBeside(target);
    try {
      Files.createDirectories(parent);
      try (FileChannel lockFile =
              FileChannel.open(
                  parent.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = lock(lockFile)) {
        removeLeftovers();
        requireNew(target);
        Files.createDirectory(temporary);
        write(temporary);
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        DurableFiles.forceDirectory(parent);
      }
    } catch (IOException e) {
      CheckpointException refused = refused(e);
      discard(temporary, refused);
      throw refused;
    } catch (RuntimeException e) {
      discard(temporary, e);
      throw e;
    }
  }

  /**
   * Checks that nothing has the name of a checkpoint that is to be published.
   *
   * @throws CheckpointException if a file, a directory or a link has it
   */
  static void requireNew(Path target) {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new CheckpointException(
          "%s: exists already, expected the name of a new checkpoint".formatted(target));
    }
  }

  private FileLock lock(FileChannel lockFile) throws IOException {
    FileLock lock;
    try {
      lock = lockFile.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw new CheckpointException(
          "%s: another process is publishing here, expected one at a time".formatted(parent()));
    }
    return lock;
  }

  private void removeLeftovers() throws IOException {
    try (DirectoryStream<Path> leftovers =
        Files.newDirectoryStream(
            parent(), entry -> isLeftover(String.valueOf(entry.getFileName())))) {
      for (Path leftover : leftovers) {
        DurableFiles.deleteTree(leftover);
      }
    }
  }

  /** Whether a hidden name is that of any step, or of this checkpoint. */
  private boolean isLeftover(String name) {
    if (name.startsWith(".step_") && name.endsWith(".tmp")) {
      return true;
    }
    Matcher hidden = HIDDEN.matcher(name);
    return hidden.matches() && hidden.group(1).equals(String.valueOf(target.getFileName()));
  }

  private void write(Path dir) throws IOException {
    Path weights = dir.resolve(weightsFile);
    Map<String, TensorEntry> entries =
        SafetensorsWriter.write(weights, tensors, Map.of("format", "pt"));
    Map<String, Long> files = new LinkedHashMap<>();
    files.put(weightsFile, Files.size(weights));
    for (Map.Entry<String, byte[]> file : new TreeMap<>(sideFiles).entrySet()) {
      DurableFiles.create(dir.resolve(file.getKey()), file.getValue());
      files.put(file.getKey(), (long) file.getValue().length);
    }
    byte[] manifest = new Manifest(step, baseVersion, files, entries).toJson();
    DurableFiles.create(dir.resolve(Manifest.FILE_NAME), manifest);
    DurableFiles.create(dir.resolve(CheckpointStore.STABLE), new byte[0]);
    DurableFiles.forceDirectory(dir);
  }

  private CheckpointException refused(IOException e) {
    long needed = tensors.stream().mapToLong(TensorSource::byteSize).sum();
    return new CheckpointException(
        "%s: cannot be published: %s; %s, expected room for %,d bytes of weights"
            .formatted(target, DurableFiles.reason(e), disk(), needed),
        e);
  }

  private String disk() {
    try {
      Path existing = parent();
      while (!Files.exists(existing) && existing.getParent() != null) {
        existing = existing.getParent();
      }
      FileStore disk = Files.getFileStore(existing);
      return "disk %s has %,d of %,d bytes free"
          .formatted(disk, disk.getUsableSpace(), disk.getTotalSpace());
    } catch (IOException e) {
      return "disk unknown (%s)".formatted(DurableFiles.reason(e));
    }
  }

  private static void discard(Path temporary, RuntimeException because) {
    try {
      if (Files.exists(temporary)) {
        DurableFiles.deleteTree(temporary);
      }
    } catch (IOException e) {
      because.addSuppressed(e); // The next publication removes it.
    }
  }
}
