package dev.freshet.trainer;

import dev.freshet.model.ModelWeights;
import dev.freshet.model.Torch;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Numbers for all trained parameters of a model, in one piece of memory and in the order of the
 * model's parameters: its weights, a gradient, or a moment of the optimizer, in 32-bit floats
 * unless another type is named. In one piece they are summed, scaled and copied by few operations.
 * The owner closes it.
 */
final class ParameterBlock implements AutoCloseable {
  private final Tensor values;

  private ParameterBlock(Tensor values) {
    this.values = values;
  }

  /** Zeros for the trained parameters of {@code weights}. */
  static ParameterBlock zeros(ModelWeights weights) {
    return zeros(weights, ScalarType.Float);
  }

  /** Zeros of a type for the trained parameters of {@code weights}. */
  static ParameterBlock zeros(ModelWeights weights, ScalarType type) {
    try (PointerScope _ = new PointerScope()) {
      Tensor zeros =
          torch.zeros(new long[] {elements(weights)}, Torch.options(type)).retainReference();
      return new ParameterBlock(zeros);
    }
  }

  /** The number of elements of all trained parameters. */
  static long elements(ModelWeights weights) {
    return weights.trained().values().stream().mapToLong(Tensor::numel).sum();
  }

  /** Moves the trained parameters of {@code weights} into one piece of memory. */
  static ParameterBlock moved(ModelWeights weights) {
    ParameterBlock block = zeros(weights);
    Map<String, Tensor> trained = weights.trained();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      block
          .views(weights)
          .forEach(
              (name, view) -> {
                Tensor tensor = Objects.requireNonNull(trained.get(name));
                view.copy_(tensor);
                tensor.__dispatch_set_data(view);
              });
    }
    return block;
  }

  /**
   * The part of each trained parameter of {@code weights}, in its shape. Belongs to the innermost
   * {@code PointerScope}.
   */
  Map<String, Tensor> views(ModelWeights weights) {
    Map<String, Tensor> views = new LinkedHashMap<>();
    long from = 0;
    for (Map.Entry<String, Tensor> parameter : weights.trained().entrySet()) {
      Tensor tensor = parameter.getValue();
      views.put(parameter.getKey(), values.narrow(0, from, tensor.numel()).view(tensor.sizes()));
      from += tensor.numel();
    }
    return views;
  }

  /**
   * Matrices of {@code weights} that follow one another as one matrix with all their rows; empty if
   * others lie between them. Belongs to the innermost {@code PointerScope}.
   */
  Optional<Tensor> joined(ModelWeights weights, List<String> names) {
    long at = 0;
    long from = 0;
    long elements = 0;
    int found = 0;
    for (Map.Entry<String, Tensor> parameter : weights.trained().entrySet()) {
      long size = parameter.getValue().numel();
      if (found < names.size() && parameter.getKey().equals(names.get(found))) {
        from = found == 0 ? at : from;
        elements += size;
        found++;
      } else if (found > 0 && found < names.size()) {
        return Optional.empty();
      }
      at += size;
    }
    long width = Objects.requireNonNull(weights.trained().get(names.getFirst())).size(-1);
    return Optional.of(values.narrow(0, from, elements).view(-1, width));
  }

  /** The part of each trained parameter of {@code weights}, for a checkpoint. */
  List<TensorView> tensors(ModelWeights weights) {
    try (PointerScope _ = new PointerScope()) {
      return views(weights).entrySet().stream()
          .map(
              parameter ->
                  new TensorView(
                      parameter.getKey(),
                      DType.F32,
                      parameter.getValue().shape(),
                      Torch.bytes(parameter.getValue())))
          .toList();
    }
  }

  /** A copy, of its own memory. */
  ParameterBlock copy() {
    try (PointerScope _ = new PointerScope()) {
      return new ParameterBlock(values.clone().retainReference());
    }
  }

  /**
   * Replaces the part of each trained parameter of {@code weights}.
   *
   * @param source 32-bit floats by the name of the parameter
   * @throws TrainerException if one has another type or shape
   */
  void read(ModelWeights weights, Function<String, TensorView> source) {
    for (TensorView target : tensors(weights)) {
      TensorView found = source.apply(target.name());
      if (found.dtype() != target.dtype() || !Arrays.equals(found.shape(), target.shape())) {
        throw new TrainerException(
            "tensor '%s' is %s %s, expected %s %s"
                .formatted(
                    found.name(),
                    found.dtype().wireName(),
                    Arrays.toString(found.shape()),
                    target.dtype().wireName(),
                    Arrays.toString(target.shape())));
      }
    }
    try (PointerScope _ = new PointerScope()) {
      views(weights).forEach((name, view) -> Torch.bytes(view).copyFrom(source.apply(name).data()));
    }
  }

  /**
   * Part {@code index} of {@code count} parts of about equal size, which share its memory. Belongs
   * to the innermost {@code PointerScope}.
   */
  Tensor part(int index, int count) {
    long from = values.numel() * index / count;
    long to = values.numel() * (index + 1) / count;
    return values.narrow(0, from, to - from);
  }

  @Override
  public void close() {
    values.close();
  }
}
