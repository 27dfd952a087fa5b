package dev.freshet.engine;

import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Torch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.DType;
import java.util.Optional;

/**
 * One policy version on libtorch: a decoder over the weights of a mapped checkpoint. Weights stored
 * in the type that the engine computes in are read from the mapping without a copy. A retired model
 * keeps only the mapping, whose pages the kernel may reclaim; it can be revived even if the
 * checkpoint's directory was deleted.
 */
final class VersionedModel implements PolicyWeights {
  private record Built(ModelWeights weights, Decoder decoder) {
    void close() {
      decoder.close();
      weights.close();
    }
  }

  private final long version;
  private final ModelConfig config;
  private final Checkpoint checkpoint;
  private final DType type;
  private final int maxLength;
  private Optional<Built> built;

  /**
   * Builds the decoder.
   *
   * @param checkpoint owned by this model, unless the constructor throws
   * @param type the type that the engine computes in
   * @throws EngineException CONFLICT if the checkpoint does not have {@code config}'s parameters
   */
  VersionedModel(
      long version, ModelConfig config, Checkpoint checkpoint, DType type, int maxLength) {
    this.version = version;
    this.config = config;
    this.checkpoint = checkpoint;
    this.type = type;
    this.maxLength = maxLength;
    this.built = Optional.of(build());
  }

  private Built build() {
    try {
      boolean asStored =
          checkpoint.tensors().values().stream().allMatch(tensor -> tensor.dtype() == type);
      ModelWeights weights =
          asStored
              ? ModelWeights.over(config, checkpoint)
              : ModelWeights.copyOf(config, checkpoint, Torch.scalarType(type));
      try {
        return new Built(weights, new Decoder(weights, maxLength));
      } catch (RuntimeException e) {
        weights.close();
        throw e;
      }
    } catch (ModelException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public long version() {
    return version;
  }

  ModelConfig config() {
    return config;
  }

  /** The decoder. The model must not be retired. */
  Decoder decoder() {
    return built.orElseThrow().decoder();
  }

  /** The decoder's weights. The model must not be retired. */
  ModelWeights weights() {
    return built.orElseThrow().weights();
  }

  @Override
  public void requireIntact() {
    try {
      checkpoint.requireIntact();
    } catch (CheckpointException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public void retire() {
    built.ifPresent(Built::close);
    built = Optional.empty();
    checkpoint.dropPages();
  }

  @Override
  public WeightUpdate.PrepareTimes revive(MonotonicClock clock) {
    requireIntact();
    long start = clock.nanos();
    try {
      checkpoint.populate();
    } catch (CheckpointException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
    long populated = clock.nanos();
    built = Optional.of(build());
    return new WeightUpdate.PrepareTimes(
        0, (populated - start) / 1e6, 0, clock.millisSince(populated));
  }

  @Override
  public void close() {
    built.ifPresent(Built::close);
    built = Optional.empty();
    checkpoint.close();
  }
}
