package dev.freshet.engine;

import dev.freshet.model.LoraParameters;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.Torch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.Quoted;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.ModelDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Loads adapters in PEFT's format: plain directories, and those that a trainer published, which are
 * verified against their manifest and state their step. All tensors must fit the model and be
 * finite.
 */
final class PeftSource implements AdapterSource {
  private final ModelConfig config;
  private final Computation computation;
  private final int maxRank;
  private final MonotonicClock clock;

  /**
   * @param config of the model that adapters must fit
   * @param maxRank the highest rank of an adapter
   */
  PeftSource(ModelConfig config, Computation computation, int maxRank, MonotonicClock clock) {
    this.config = config;
    this.computation = computation;
    this.maxRank = maxRank;
    this.clock = clock;
  }

  @Override
  public Read read(Path dir) {
    requireAdapter(dir);
    try {
      OptionalLong version = CheckpointSource.manifestStep(dir);
      long start = clock.nanos();
      Checkpoint checkpoint = CheckpointStore.open(dir);
      boolean read = false;
      try {
        LoraParameters parameters = LoraParameters.of(config, checkpoint);
        requireRank(dir, parameters.rank());
        long mapped = clock.nanos();
        checkpoint.populate(parameters.views());
        long populated = clock.nanos();
        checkpoint.verifyContents(parameters.views());
        read = true;
        return new Opened(
            version,
            parameters,
            (mapped - start) / 1e6,
            (populated - mapped) / 1e6,
            clock.millisSince(populated));
      } finally {
        if (!read) {
          checkpoint.close();
        }
      }
    } catch (CheckpointException | ModelException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  private static void requireAdapter(Path dir) {
    if (!Files.isDirectory(dir)) {
      throw new EngineException(
          EngineException.Kind.NOT_FOUND,
          Quoted.escaped(
              "%s: no such directory: expected an adapter in PEFT's format"
                  .formatted(dir.toAbsolutePath())));
    }
    if (!ModelDirectory.isAdapter(dir)) {
      throw conflict(
          "%s: not an adapter: expected adapter_config.json and adapter_model.safetensors, and no weights of a whole model"
              .formatted(dir.toAbsolutePath()));
    }
  }

  private void requireRank(Path dir, int rank) {
    if (rank > maxRank) {
      throw conflict(
          "%s: r %d: expected at most %d (inference.max_lora_rank)".formatted(dir, rank, maxRank));
    }
  }

  private static EngineException conflict(String message) {
    return new EngineException(EngineException.Kind.CONFLICT, Quoted.escaped(message));
  }

  /** A mapped adapter, and how long reading took. */
  private final class Opened implements Read {
    private final OptionalLong version;
    private final LoraParameters parameters;
    private final double mapMs;
    private final double faultMs;
    private final double verifyMs;

    Opened(
        OptionalLong version,
        LoraParameters parameters,
        double mapMs,
        double faultMs,
        double verifyMs) {
      this.version = version;
      this.parameters = parameters;
      this.mapMs = mapMs;
      this.faultMs = faultMs;
      this.verifyMs = verifyMs;
    }

    @Override
    public OptionalLong version() {
      return version;
    }

    @Override
    public Loaded build() {
      // Beside decoding: packing must not take its cores.
      Torch.useThreads(1);
      long start = clock.nanos();
      return new Loaded(
          computation.products(parameters),
          new WeightUpdate.PrepareTimes(mapMs, faultMs, verifyMs, clock.millisSince(start)));
    }

    @Override
    public void close() {
      parameters.checkpoint().close();
    }
  }
}
