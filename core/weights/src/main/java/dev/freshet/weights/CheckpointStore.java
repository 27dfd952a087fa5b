package dev.freshet.weights;

import dev.freshet.trace.DirectoryWatch;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The published checkpoints of a run: {@code weights/step_N/}, each a plain Hugging Face directory
 * with {@code manifest.json} and the empty {@code STABLE}, which is written last. A step is written
 * under a hidden name, forced to the disk and renamed. A reader therefore sees all of it or
 * nothing, even if the publisher or the machine crashes. Only a directory with {@code STABLE} is a
 * checkpoint.
 *
 * <p>One process publishes at a time, enforced by a lock on the directory; any number read.
 * Thread-safe.
 */
public final class CheckpointStore implements PublishedWeights {
  /** The empty file that marks a complete checkpoint. */
  public static final String STABLE = "STABLE";

  private static final Pattern STEP = Pattern.compile("step_(0|[1-9][0-9]{0,17})");

  private final Path weightsDir;

  /** A store in {@code weightsDir}, which the first publication creates if it is missing. */
  public CheckpointStore(Path weightsDir) {
    this.weightsDir = weightsDir;
  }

  /**
   * Publishes one step and returns its directory. Removes the leftovers of a killed publisher
   * first.
   *
   * @param baseVersion the policy version from which the optimizer step was taken
   * @param sideFiles content by file name of the other files of the directory, such as {@link
   *     #sideFiles}
   * @throws CheckpointException if the step exists already, another process is publishing, or a
   *     file cannot be written, for example on a full disk; nothing of the step is visible then
   */
  public synchronized Path publish(
      long step,
      long baseVersion,
      List<? extends TensorSource> tensors,
      Map<String, byte[]> sideFiles) {
    return publish(step, baseVersion, Checkpoint.SINGLE_FILE, tensors, sideFiles);
  }

  /**
   * Publishes one step as an adapter for a model: its weights are in {@code
   * adapter_model.safetensors}. Otherwise as {@link #publish}.
   */
  public synchronized Path publishAdapter(
      long step,
      long baseVersion,
      List<? extends TensorSource> tensors,
      Map<String, byte[]> sideFiles) {
    return publish(step, baseVersion, Checkpoint.ADAPTER_FILE, tensors, sideFiles);
  }

  private Path publish(
      long step,
      long baseVersion,
      String weightsFile,
      List<? extends TensorSource> tensors,
      Map<String, byte[]> sideFiles) {
    Path target = path(step);
    new Publication(target.toAbsolutePath(), step, baseVersion, weightsFile, tensors, sideFiles)
        .run();
    return target;
  }

  /**
   * Publishes a base model in a directory of any name, as {@link #publish} does. Its version is 0,
   * or N if the directory is named {@code step_N}.
   *
   * @param target the directory to create; its parents are created if they are missing
   */
  public static void publishBase(
      Path target, List<? extends TensorSource> tensors, Map<String, byte[]> sideFiles) {
    Path absolute = target.toAbsolutePath().normalize();
    Publication.requireNew(absolute);
    long step = stepOf(absolute).orElse(0L);
    new Publication(absolute, step, step, Checkpoint.SINGLE_FILE, tensors, sideFiles).run();
  }

  /**
   * The files beside the weights in a Hugging Face directory: configuration, tokenizer, chat
   * template. Content by file name.
   */
  public static Map<String, byte[]> sideFiles(Path modelDir) {
    ModelDirectory.require(modelDir);
    Map<String, byte[]> files = new TreeMap<>();
    try (DirectoryStream<Path> children =
        Files.newDirectoryStream(modelDir, "*.{json,jinja,txt,model}")) {
      for (Path file : children) {
        String name = String.valueOf(file.getFileName());
        if (Publication.isSideFile(name)
            && !name.endsWith(".index.json")
            && Files.isRegularFile(file)) {
          files.put(name, ModelFile.read(file, ModelFile.Kind.SIDE));
        }
      }
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read: %s".formatted(modelDir, DurableFiles.reason(e)), e);
    }
    return files;
  }

  @Override
  public Path path(long step) {
    return weightsDir.resolve("step_" + step);
  }

  /** The steps that have {@code STABLE}, ascending. */
  public List<Long> steps() {
    List<Long> steps = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(weightsDir, "step_*")) {
      for (Path child : children) {
        stepOf(child).filter(s -> isStable(child)).ifPresent(steps::add);
      }
    } catch (NoSuchFileException e) {
      return List.of(); // Nothing has been published.
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be listed: %s".formatted(weightsDir, DurableFiles.reason(e)), e);
    }
    Collections.sort(steps);
    return steps;
  }

  /** The newest step with {@code STABLE}. */
  @Override
  public OptionalLong latest() {
    List<Long> steps = steps();
    return steps.isEmpty() ? OptionalLong.empty() : OptionalLong.of(steps.getLast());
  }

  /**
   * Waits for a step and returns its directory; the store's directory need not exist yet.
   *
   * @throws CheckpointException once {@code deadline} has passed; the message names the newest step
   */
  public Path await(long step, Duration deadline) throws InterruptedException {
    Path target = path(step);
    return DirectoryWatch.await(
            weightsDir,
            deadline,
            MonotonicClock.SYSTEM,
            () -> Optional.of(target).filter(CheckpointStore::isStable))
        .orElseThrow(() -> timedOut(target.toString(), deadline));
  }

  @Override
  public long awaitNewerThan(long step, Duration deadline) throws InterruptedException {
    return DirectoryWatch.await(
            weightsDir,
            deadline,
            MonotonicClock.SYSTEM,
            () -> latest().stream().filter(newest -> newest > step).boxed().findFirst())
        .orElseThrow(() -> timedOut("%s: a step above %d".formatted(weightsDir, step), deadline));
  }

  /** Its files have the sizes, types and shapes of the manifest, which it must have. */
  @Override
  public void requireWhole(long step) {
    openPublished(path(step)).close();
  }

  private CheckpointException timedOut(String awaited, Duration deadline) {
    OptionalLong newest = latest();
    String found;
    if (!Files.isDirectory(weightsDir)) {
      found = "the directory %s does not exist".formatted(weightsDir);
    } else if (newest.isEmpty()) {
      found = "no step has a %s file".formatted(STABLE);
    } else {
      found = "the newest step with %s is %d".formatted(STABLE, newest.getAsLong());
    }
    return new CheckpointException(
        "%s: did not appear with %s within %d ms: %s"
            .formatted(awaited, STABLE, deadline.toMillis(), found));
  }

  /**
   * Checks that {@code dir} is a published checkpoint: it has {@code STABLE}, every size, type,
   * shape and checksum is that of the manifest, and every number is finite. Reads all weights on
   * all cores.
   *
   * @throws CheckpointException naming the first file or tensor that fails a check
   */
  public static void verify(Path dir) {
    openVerified(dir).close();
  }

  /** As {@link #verify}, but returns the checkpoint mapped; the caller closes it. */
  public static Checkpoint openVerified(Path dir) {
    Checkpoint checkpoint = openPublished(dir);
    boolean verified = false;
    try {
      checkpoint.populate();
      checkpoint.verifyContents();
      verified = true;
      return checkpoint;
    } finally {
      if (!verified) {
        checkpoint.close();
      }
    }
  }

  /**
   * Maps a published checkpoint and checks it against its manifest except for the checksums; reads
   * no tensor. The caller closes it, and must not use it before {@link Checkpoint#verifyContents}.
   *
   * @throws CheckpointException naming the first file or tensor that differs from the manifest
   */
  public static Checkpoint openPublished(Path dir) {
    return Verification.open(dir);
  }

  /**
   * As {@link #openPublished} if the directory has a manifest; a plain model directory, which has
   * none, is only mapped.
   */
  public static Checkpoint open(Path dir) {
    return Files.exists(dir.resolve(Manifest.FILE_NAME))
        ? openPublished(dir)
        : Checkpoint.open(dir);
  }

  /**
   * Makes the first verification of this process nearly as fast as later ones: it reads tensors in
   * memory until the JVM has compiled the code that reads. Takes about a second at most. A server
   * calls it once, when it starts.
   */
  public static void warmUp() {
    WarmUp.run(MonotonicClock.SYSTEM);
  }

  /**
   * Deletes all published steps except the newest {@code lastK} and those in {@code keep}. A
   * deleted step vanishes atomically; a process that has it mapped can still read it. A step
   * without {@code STABLE} is not touched, because another program may still be writing it.
   */
  public void retain(int lastK, Set<Long> keep) {
    if (lastK < 1) {
      throw new IllegalArgumentException("lastK %d: expected 1 or more".formatted(lastK));
    }
    List<Long> steps = steps();
    for (long step : steps.subList(0, Math.max(0, steps.size() - lastK))) {
      if (!keep.contains(step)) {
        delete(path(step));
      }
    }
  }

  private static void delete(Path stepDir) {
    Path hidden = Publication.hiddenBeside(stepDir);
    try {
      Files.move(stepDir, hidden, StandardCopyOption.ATOMIC_MOVE);
      DurableFiles.deleteTree(hidden);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be deleted: %s".formatted(stepDir, DurableFiles.reason(e)), e);
    }
  }

  /** The step in the name of a directory, if it has one. */
  static Optional<Long> stepOf(Path dir) {
    Matcher name = STEP.matcher(String.valueOf(dir.getFileName()));
    return name.matches() ? Optional.of(Long.valueOf(name.group(1))) : Optional.empty();
  }

  private static boolean isStable(Path stepDir) {
    return Files.exists(stepDir.resolve(STABLE));
  }
}
