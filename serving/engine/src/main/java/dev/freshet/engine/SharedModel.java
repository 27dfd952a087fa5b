package dev.freshet.engine;

import dev.freshet.model.Affine;
import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.NativeHeap;
import dev.freshet.model.Parameters;
import dev.freshet.model.Torch;
import dev.freshet.weights.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A mapped checkpoint and the decoder over it, which the policy versions that are computed with it
 * share: the checkpoint itself, and adapters beside it. The checkpoint is mapped while a version is
 * open, from {@link #open} to {@link #close}, and the decoder built while one is ready, from {@link
 * #build} to {@link #free}.
 *
 * <p>The weights of linear layers are packed for the processor's kernels, and their pages of the
 * mapping are given back then; other weights that are stored in the type that the engine computes
 * in are read from the mapping without a copy. Thread-safe.
 */
final class SharedModel {
  /** Trimming also gives back freed memory that is used again at once, so small weights stay. */
  private static final long WORTH_TRIMMING = 64L << 20;

  /** Giving back the pages of a small embedding costs more than it saves. */
  private static final long WORTH_DROPPING = 4L << 20;

  private static final String EMBEDDING = "model.embed_tokens.weight";

  private final Parameters parameters;
  private final Computation computation;
  private int open = 1;
  private int ready;
  private Optional<Built> built = Optional.empty();

  /**
   * A decoder.
   *
   * @param twice a mapped embedding that was packed as the head
   */
  record Built(ModelWeights weights, Decoder decoder, List<TensorView> twice) {
    private void close() {
      decoder.close();
      weights.close();
    }
  }

  /**
   * A model that is open once.
   *
   * @param parameters whose checkpoint is owned by this model
   */
  SharedModel(Parameters parameters, Computation computation) {
    this.parameters = parameters;
    this.computation = computation;
  }

  ModelConfig config() {
    return parameters.config();
  }

  /** Opens the model once more; false if it is closed. */
  synchronized boolean open() {
    if (open == 0) {
      return false;
    }
    open++;
    return true;
  }

  /** Whether the decoder is built, so that the files need not be read. */
  synchronized boolean isBuilt() {
    return built.isPresent();
  }

  /** Faults in the mapped files. */
  void populate() {
    parameters.checkpoint().populate(parameters.views().values());
  }

  /** Checks the contents of the mapped files. */
  void verifyContents() {
    parameters.checkpoint().verifyContents(parameters.views().values());
  }

  /** Checks that no mapped file was shortened. */
  void requireIntact() {
    parameters.checkpoint().requireIntact();
  }

  /** The decoder for one more version, built if it is not. */
  synchronized Built build() {
    Built shared = built.orElseGet(this::decoder);
    built = Optional.of(shared);
    ready++;
    return shared;
  }

  private Built decoder() {
    ModelWeights weights =
        parameters.storedAs(computation.type())
            ? ModelWeights.over(parameters)
            : ModelWeights.copyOf(parameters, Torch.scalarType(computation.type()));
    try {
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

  /**
   * Gives back the mapped pages of layers that were packed, so that they are not in memory twice
   * until all are. A tied embedding is one of them, as the head: its pages are read again with the
   * tokens that come.
   *
   * @return what is stored of the layers
   */
  private List<TensorView> droppedPages(List<Affine> packed) {
    List<TensorView> stored =
        packed.stream()
            .map(layer -> parameters.views().get(layer.name() + ".weight"))
            .map(view -> view == null ? parameters.views().get(EMBEDDING) : view)
            .flatMap(Stream::ofNullable)
            .toList();
    dropPages(stored);
    return stored;
  }

  /** The embedding, if it is among tensors that were packed and is worth giving back. */
  private List<TensorView> embeddingOf(List<TensorView> packed) {
    TensorView embedding = parameters.views().get(EMBEDDING);
    return packed.stream()
        .filter(view -> view.equals(embedding) && view.data().byteSize() >= WORTH_DROPPING)
        .toList();
  }

  /** Gives pages of the mapping back to the kernel, which reads them again when they are used. */
  void dropPages(List<TensorView> views) {
    parameters.checkpoint().dropPages(views);
  }

  /** A version is no longer ready. After the last one the memory is freed but for the mapping. */
  synchronized void free() {
    if (--ready == 0) {
      built.orElseThrow().close();
      built = Optional.empty();
      trim();
      parameters.checkpoint().dropPages();
    }
  }

  /** A version is closed. After the last one the checkpoint is. */
  synchronized void close() {
    if (--open == 0) {
      parameters.checkpoint().close();
    }
  }

  /** Gives the system the memory that packing or freeing large weights has left. */
  private void trim() {
    if (parameters.checkpoint().bytes() >= WORTH_TRIMMING) {
      NativeHeap.trim();
    }
  }
}
