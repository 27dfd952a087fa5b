package dev.freshet.engine;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.LoraParameters;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.Parameters;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.Quoted;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.Manifest;
import dev.freshet.weights.ModelDirectory;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads Hugging Face directories of one architecture: the base model, which may be a plain
 * directory, published checkpoints, and published adapters, which are computed beside the base
 * model.
 */
final class CheckpointSource implements WeightSource<VersionedModel> {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointSource.class);

  private final Path baseDir;
  private final ModelConfig config;
  private final Computation computation;
  private final int maxLength;
  private final boolean strict;
  private final MonotonicClock clock;

  /** The base model as it was read last. */
  private Optional<SharedModel> base = Optional.empty();

  /**
   * @param config the base model's configuration, which every checkpoint must match
   * @param maxLength most tokens of a completion, including its prompt
   * @param strict whether a tensor that the model does not have is refused
   */
  CheckpointSource(
      Path baseDir,
      ModelConfig config,
      Computation computation,
      int maxLength,
      boolean strict,
      MonotonicClock clock) {
    this.strict = strict;
    this.baseDir = baseDir;
    this.config = config;
    this.computation = computation;
    this.maxLength = maxLength;
    this.clock = clock;
  }

  @Override
  public long version(Path dir, OptionalLong step) {
    Path whole = dir.toAbsolutePath();
    if (!Files.isDirectory(dir)) {
      throw conflict(whole + ": no such directory: expected a published checkpoint");
    }
    if (!Files.isExecutable(dir)) {
      throw conflict(whole + ": permission denied: expected a directory that the server may read");
    }
    if (!Files.exists(dir.resolve(CheckpointStore.STABLE))) {
      throw conflict(
          "%s: no %s marker: expected a published checkpoint"
              .formatted(whole, CheckpointStore.STABLE));
    }
    return step.orElseGet(
        () ->
            manifestStep(dir)
                .orElseThrow(
                    () -> conflict(dir + ": no manifest: expected a step in the request")));
  }

  /** The step in a checkpoint's manifest, if it has one. */
  static OptionalLong manifestStep(Path dir) {
    Path manifest = dir.resolve(Manifest.FILE_NAME);
    try {
      return Files.exists(manifest)
          ? OptionalLong.of(Manifest.read(manifest).step())
          : OptionalLong.empty();
    } catch (CheckpointException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public Read<VersionedModel> readBase() {
    return read(
        () -> new VersionFiles(freshBase(), Optional.empty()),
        manifestStep(baseDir).orElse(0),
        VerifyLevel.FULL);
  }

  @Override
  public Read<VersionedModel> read(Path dir, long version, VerifyLevel verify) {
    return read(() -> open(dir), version, verify);
  }

  private Read<VersionedModel> read(
      Supplier<VersionFiles> opened, long version, VerifyLevel verify) {
    try {
      long start = clock.nanos();
      VersionFiles files = opened.get(); // Only what fits the model is read.
      boolean read = false;
      try {
        long mapped = clock.nanos();
        files.populate();
        long populated = clock.nanos();
        if (verify == VerifyLevel.FULL) {
          files.verifyContents();
        }
        read = true;
        return new Opened(
            version,
            files,
            (mapped - start) / 1e6,
            (populated - mapped) / 1e6,
            clock.millisSince(populated));
      } finally {
        if (!read) {
          files.close();
        }
      }
    } catch (CheckpointException | ModelException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  private VersionFiles open(Path dir) {
    if (!ModelDirectory.isAdapter(dir)) {
      return new VersionFiles(model(dir), Optional.empty());
    }
    SharedModel beside = base();
    boolean fits = false;
    try {
      LoraParameters adapter =
          mapped(dir, checkpoint -> LoraParameters.of(beside.config(), checkpoint));
      fits = true;
      return new VersionFiles(beside, Optional.of(adapter));
    } finally {
      if (!fits) {
        beside.close();
      }
    }
  }

  private SharedModel model(Path dir) {
    return new SharedModel(mapped(dir, checkpoint -> parameters(dir, checkpoint)), computation);
  }

  /** The base model as it was read last, opened once more; read again if no version has it. */
  private synchronized SharedModel base() {
    return base.filter(SharedModel::open).orElseGet(this::freshBase);
  }

  private synchronized SharedModel freshBase() {
    SharedModel fresh = model(baseDir);
    base = Optional.of(fresh);
    return fresh;
  }

  /** What {@code found} finds in a mapped directory, and owns then. */
  private static <T> T mapped(Path dir, Function<Checkpoint, T> found) {
    Checkpoint checkpoint = CheckpointStore.open(dir);
    boolean fits = false;
    try {
      T value = found.apply(checkpoint);
      fits = true;
      return value;
    } finally {
      if (!fits) {
        checkpoint.close();
      }
    }
  }

  /** A mapped checkpoint, and how long reading took. */
  private final class Opened implements Read<VersionedModel> {
    private final long version;
    private final VersionFiles files;
    private final double mapMs;
    private final double faultMs;
    private final double verifyMs;

    Opened(long version, VersionFiles files, double mapMs, double faultMs, double verifyMs) {
      this.version = version;
      this.files = files;
      this.mapMs = mapMs;
      this.faultMs = faultMs;
      this.verifyMs = verifyMs;
    }

    @Override
    public Loaded<VersionedModel> build() {
      long start = clock.nanos();
      boolean built = false;
      try {
        VersionedModel model = new VersionedModel(version, files, computation);
        built = true;
        return new Loaded<>(
            model,
            new WeightUpdate.PrepareTimes(mapMs, faultMs, verifyMs, clock.millisSince(start)));
      } finally {
        if (!built) {
          close();
        }
      }
    }

    @Override
    public void close() {
      files.close();
    }
  }

  private Parameters parameters(Path dir, Checkpoint checkpoint) {
    ModelConfig found = ConfigJson.read(dir);
    found
        .differenceFrom(config)
        .ifPresent(
            difference -> {
              throw conflict(
                  "%s: another model: %s as in %s"
                      .formatted(dir.resolve("config.json"), difference, baseDir));
            });
    Parameters parameters = Parameters.of(found.forContext(maxLength), checkpoint);
    parameters
        .unusedLine()
        .ifPresent(
            line -> {
              if (strict) {
                throw conflict(line + ": expected none, because inference.strict_weights is set");
              }
              LOG.warn("{}: passed over", line);
            });
    return parameters;
  }

  private static EngineException conflict(String message) {
    return new EngineException(EngineException.Kind.CONFLICT, Quoted.escaped(message));
  }
}
