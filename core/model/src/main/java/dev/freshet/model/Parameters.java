package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The tensors of a checkpoint that are the parameters of a model, all of them, with their shapes
 * and types checked. As in transformers, tensors that the model does not have, such as a value
 * head, are passed over; {@link #unused} names them.
 *
 * @param checkpoint the checkpoint, which must stay open while the views are read
 * @param views the parameters by Hugging Face name, in the order the model reads them; a view has
 *     the name that is stored
 * @param unused the names of other tensors
 */
public record Parameters(
    ModelConfig config, Checkpoint checkpoint, Map<String, TensorView> views, List<String> unused) {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  /** How many names a message lists. */
  private static final int NAMED = 5;

  public Parameters {
    views = Collections.unmodifiableMap(new LinkedHashMap<>(views));
    unused = List.copyOf(unused);
  }

  /**
   * Finds the parameters of a model in a checkpoint. Reads no tensor, except to compare the stored
   * head with the embedding if the model ties them.
   *
   * @param config of the checkpoint's model
   * @throws ModelException if a parameter is missing or has another shape or an unsupported type,
   *     or if the model ties its embedding to a head that the checkpoint stores with other values
   */
  public static Parameters of(ModelConfig config, Checkpoint checkpoint) {
    return of(config, checkpoint, UnaryOperator.identity());
  }

  /**
   * As {@link #of(ModelConfig, Checkpoint)}, for parameters that have other names in the
   * checkpoint.
   *
   * @param stored the stored name of a parameter, by its Hugging Face name
   */
  static Parameters of(ModelConfig config, Checkpoint checkpoint, UnaryOperator<String> stored) {
    Map<String, TensorView> found = checkpoint.tensors();
    Map<String, TensorView> views = new LinkedHashMap<>();
    config
        .parameterShapes()
        .forEach(
            (name, shape) -> views.put(name, parameter(checkpoint, stored.apply(name), shape)));
    TensorView head = found.get(stored.apply(HEAD));
    if (config.tiedEmbeddings()
        && head != null
        && !checkpoint.sameContents(head, Objects.requireNonNull(views.get(EMBEDDING)))) {
      throw new ModelException(
          "%s: tensor %s differs from %s, but tie_word_embeddings is true: set it to false in config.json to use the stored head, or remove the tensor"
              .formatted(checkpoint.dir(), HEAD, EMBEDDING));
    }
    Set<String> used = views.values().stream().map(TensorView::name).collect(Collectors.toSet());
    if (config.tiedEmbeddings()) {
      used.add(stored.apply(HEAD));
    }
    // The model computes the rotary frequencies in old exports.
    List<String> unused =
        found.keySet().stream()
            .filter(name -> !used.contains(name) && !name.endsWith("rotary_emb.inv_freq"))
            .toList();
    return new Parameters(config, checkpoint, views, unused);
  }

  private static TensorView parameter(Checkpoint checkpoint, String name, long[] shape) {
    TensorView view = checkpoint.tensors().get(name);
    if (view == null) {
      throw new ModelException(
          "%s: tensor %s is missing: expected shape %s"
              .formatted(checkpoint.dir(), name, Arrays.toString(shape)));
    }
    if (!Arrays.equals(view.shape(), shape)) {
      throw new ModelException(
          "%s: tensor %s has shape %s: expected %s"
              .formatted(
                  checkpoint.dir(), name, Arrays.toString(view.shape()), Arrays.toString(shape)));
    }
    if (view.dtype() != DType.F32 && view.dtype() != DType.BF16 && view.dtype() != DType.F16) {
      throw new ModelException(
          "%s: tensor %s has type %s: expected F32, BF16 or F16"
              .formatted(checkpoint.dir(), name, view.dtype()));
    }
    return view;
  }

  /** A line that names the tensors that the model does not have; empty if there is none. */
  public Optional<String> unusedLine() {
    return unusedLine(checkpoint.dir(), config, unused);
  }

  /** As {@link #unusedLine()}, for the tensors of any file or directory. */
  static Optional<String> unusedLine(Path source, ModelConfig config, List<String> unused) {
    return unused.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%s: %d tensors are not parameters of a %s with %d layers: %s%s"
                .formatted(
                    source,
                    unused.size(),
                    config.family().wireName(),
                    config.layers(),
                    unused.stream().limit(NAMED).map(Quoted::of).collect(Collectors.joining(", ")),
                    unused.size() > NAMED ? ", …" : ""));
  }

  /** Whether all parameters are stored in {@code type}. */
  public boolean storedAs(DType type) {
    return views.values().stream().allMatch(view -> view.dtype() == type);
  }
}
