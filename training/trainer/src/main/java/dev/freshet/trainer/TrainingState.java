package dev.freshet.trainer;

import dev.freshet.model.ModelWeights;
import dev.freshet.weights.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * All that decides how a model is trained on: the trained parameters in 32-bit floats and the two
 * moments of AdamW, of the same shapes. The number of updates so far is the number of the step. In
 * a checkpoint the tensors are {@code weight.NAME}, {@code exp_avg.NAME} and {@code
 * exp_avg_sq.NAME}.
 *
 * @param weights in whose order the blocks hold the parameters
 */
record TrainingState(
    ModelWeights weights, ParameterBlock parameters, ParameterBlock mean, ParameterBlock square) {
  private Map<String, ParameterBlock> blocks() {
    Map<String, ParameterBlock> blocks = new TreeMap<>();
    blocks.put("weight.", parameters);
    blocks.put("exp_avg.", mean);
    blocks.put("exp_avg_sq.", square);
    return blocks;
  }

  /** The tensors of a checkpoint, over the memory of the blocks. */
  List<TensorView> tensors() {
    List<TensorView> all = new ArrayList<>();
    blocks()
        .forEach(
            (prefix, block) ->
                block.tensors(weights).stream()
                    .map(t -> new TensorView(prefix + t.name(), t.dtype(), t.shape(), t.data()))
                    .forEach(all::add));
    return all;
  }

  /**
   * Reads the tensors of a checkpoint into the blocks.
   *
   * @throws TrainerException if one is missing, superfluous or of another type or shape, naming it
   */
  void read(Map<String, TensorView> tensors) {
    blocks()
        .forEach((prefix, block) -> block.read(weights, name -> required(tensors, prefix + name)));
    int expected = tensors().size();
    if (tensors.size() != expected) {
      throw new TrainerException("%d tensors, expected %d".formatted(tensors.size(), expected));
    }
  }

  private static TensorView required(Map<String, TensorView> tensors, String name) {
    TensorView found = tensors.get(name);
    if (found == null) {
      throw new TrainerException("tensor '%s' is missing".formatted(name));
    }
    return found;
  }

  /** Frees the blocks. */
  void close() {
    parameters.close();
    mean.close();
    square.close();
  }
}
