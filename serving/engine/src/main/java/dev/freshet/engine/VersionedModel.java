package dev.freshet.engine;

import dev.freshet.model.Decoder;
import dev.freshet.model.LoraProducts;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.Torch;
import dev.freshet.weights.CheckpointException;
import java.util.Optional;

/**
 * One policy version on libtorch: a decoder over a checkpoint, and an adapter that is computed
 * beside it, if the version is one. Added to weights of 16 bits instead, most of what an adapter
 * has learnt would be lost in rounding. A retired version keeps only mappings, whose pages the
 * kernel may reclaim; it can be revived even if its directory was deleted.
 */
final class VersionedModel implements PolicyWeights {
  private final long version;
  private final VersionFiles files;
  private final Computation computation;
  private Optional<Ready> ready;

  /** What generates. */
  private record Ready(SharedModel.Built model, Optional<LoraProducts> adapter) {}

  /**
   * Builds what generates.
   *
   * @param files owned by this version, unless the constructor throws
   */
  VersionedModel(long version, VersionFiles files, Computation computation) {
    this.version = version;
    this.files = files;
    this.computation = computation;
    this.ready = Optional.of(build());
  }

  private Ready build() {
    // Beside decoding: packing must not take its cores.
    Torch.useThreads(1);
    SharedModel.Built model = files.model().build();
    try {
      return new Ready(model, files.adapter().map(computation::products));
    } catch (RuntimeException e) {
      files.model().free();
      throw e;
    }
  }

  @Override
  public long version() {
    return version;
  }

  ModelConfig config() {
    return files.model().config();
  }

  /** The decoder. The version must not be retired. */
  Decoder decoder() {
    return ready.orElseThrow().model().decoder();
  }

  /** The adapter of all rows, if the version is one. The version must not be retired. */
  Optional<LoraProducts> adapter() {
    return ready.orElseThrow().adapter();
  }

  /**
   * Gives back the pages that looking up the embeddings of a step's tokens has read, if the
   * embedding is in memory packed too. A row makes the huge page or the 64 KiB around it resident,
   * so without this the embedding would soon be in memory twice. The version must not be retired.
   */
  void embedded() {
    SharedModel.Built model = ready.orElseThrow().model();
    if (!model.twice().isEmpty()) {
      files.model().dropPages(model.twice());
    }
  }

  @Override
  public void requireIntact() {
    try {
      files.requireIntact();
    } catch (CheckpointException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public void retire() {
    free();
  }

  @Override
  public void fault() {
    requireIntact();
    try {
      files.populate();
    } catch (CheckpointException | ModelException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public void rebuild() {
    ready = Optional.of(build());
  }

  @Override
  public void close() {
    free();
    files.close();
  }

  private void free() {
    if (ready.isPresent()) {
      ready.get().adapter().ifPresent(LoraProducts::close);
      ready = Optional.empty();
      files.adapter().ifPresent(adapter -> adapter.checkpoint().dropPages());
      files.model().free();
    }
  }
}
