package dev.freshet.engine;

import dev.freshet.model.Affine;
import dev.freshet.model.Decoder;
import dev.freshet.model.LoraAdapter;
import dev.freshet.model.LoraParameters;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.NativeHeap;
import dev.freshet.model.Parameters;
import dev.freshet.model.Torch;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One policy version on libtorch: a decoder over the weights of a mapped checkpoint. The weights of
 * linear layers are packed for the processor's kernels, and their pages of the mapping are given
 * back then; other weights that are stored in the type that the engine computes in are read from
 * the mapping without a copy. The matrices of an adapter are added to the weights of its base model
 * when they are built. A retired model keeps only the mapping, whose pages the kernel may reclaim;
 * it can be revived even if the checkpoint's directory was deleted.
 */
final class VersionedModel implements PolicyWeights {
  /**
   * A decoder.
   *
   * @param twice a mapped embedding that was packed as the head
   */
  private record Built(ModelWeights weights, Decoder decoder, List<TensorView> twice) {
    void close() {
      decoder.close();
      weights.close();
    }
  }

  /** Trimming also gives back freed memory that is used again at once, so small weights stay. */
  private static final long WORTH_TRIMMING = 64L << 20;

  /** Giving back the pages of a small embedding costs more than it saves. */
  private static final long WORTH_DROPPING = 4L << 20;

  private static final String EMBEDDING = "model.embed_tokens.weight";

  private final long version;
  private final VersionFiles files;
  private final Computation computation;
  private Optional<Built> built;

  /**
   * Builds the decoder.
   *
   * @param files owned by this model, unless the constructor throws
   */
  VersionedModel(long version, VersionFiles files, Computation computation) {
    this.version = version;
    this.files = files;
    this.computation = computation;
    this.built = Optional.of(build());
  }

  private Built build() {
    // Beside decoding: packing must not take its cores.
    Torch.useThreads(1);
    Parameters parameters = files.parameters();
    ModelWeights weights =
        parameters.storedAs(computation.type())
            ? ModelWeights.over(parameters)
            : ModelWeights.copyOf(parameters, Torch.scalarType(computation.type()));
    try {
      files.adapter().ifPresent(adapter -> add(adapter, weights));
      List<TensorView> packed = new ArrayList<>();
      Decoder decoder = computation.decoder(weights, layers -> packed.addAll(droppedPages(layers)));
      if (computation.packs()) {
        weights.releaseLinear();
        trim();
      }
      return new Built(weights, decoder, embeddingOf(packed));
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private static void add(LoraParameters adapter, ModelWeights weights) {
    try (LoraAdapter matrices = LoraAdapter.copyOf(adapter, ScalarType.Float)) {
      weights.add(matrices);
    }
  }

  /**
   * Gives back the mapped pages of layers that were packed, so that they are not in memory twice
   * until all are. A tied embedding is one of them, as the head: its pages are read again with the
   * tokens that come.
   *
   * @return what is stored of the layers
   */
  private List<TensorView> droppedPages(List<Affine> packed) {
    Parameters parameters = files.parameters();
    List<TensorView> stored =
        packed.stream()
            .map(layer -> parameters.views().get(layer.name() + ".weight"))
            .map(view -> view == null ? parameters.views().get(EMBEDDING) : view)
            .flatMap(Stream::ofNullable)
            .toList();
    parameters.checkpoint().dropPages(stored);
    return stored;
  }

  /** The embedding, if it is among tensors that were packed and is worth giving back. */
  private List<TensorView> embeddingOf(List<TensorView> packed) {
    TensorView embedding = files.parameters().views().get(EMBEDDING);
    return packed.stream()
        .filter(view -> view.equals(embedding) && view.data().byteSize() >= WORTH_DROPPING)
        .toList();
  }

  @Override
  public long version() {
    return version;
  }

  ModelConfig config() {
    return files.parameters().config();
  }

  /** The decoder. The model must not be retired. */
  Decoder decoder() {
    return built.orElseThrow().decoder();
  }

  /**
   * Gives back the pages that looking up the embeddings of a step's tokens has read, if the
   * embedding is in memory packed too. A row makes the huge page or the 64 KiB around it resident,
   * so without this the embedding would soon be in memory twice. The model must not be retired.
   */
  void embedded() {
    List<TensorView> twice = built.orElseThrow().twice();
    if (!twice.isEmpty()) {
      files.parameters().checkpoint().dropPages(twice);
    }
  }

  /** The decoder's weights. The model must not be retired. */
  ModelWeights weights() {
    return built.orElseThrow().weights();
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
    files.dropPages();
  }

  @Override
  public void fault() {
    requireIntact();
    try {
      files.populate();
    } catch (CheckpointException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public void rebuild() {
    built = Optional.of(build());
  }

  @Override
  public void close() {
    free();
    files.close();
  }

  private void free() {
    if (built.isPresent()) {
      built.get().close();
      built = Optional.empty();
      trim();
    }
  }

  /** Gives the system the memory that packing or freeing large weights has left. */
  private void trim() {
    if (files.parameters().checkpoint().bytes() >= WORTH_TRIMMING) {
      NativeHeap.trim();
    }
  }
}
