package dev.freshet.model;

import dev.freshet.weights.TensorView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * An adapter (LoRA) that is computed beside the linear layers of a decoder for the rows that use
 * it, as {@link RowAdapters} says. Its matrices are linear layers of the decoder's own kinds, so
 * they are packed if those are; the scale is part of B. For inference only. The owner closes it
 * after the last computation with it.
 */
public final class LoraProducts implements AutoCloseable {
  /** The matrices A and B of one layer. */
  record Product(Linear a, Linear b) {
    /** What is added to the layer's output, {@code […, out]}. */
    Tensor of(Tensor input) {
      return b.applyOne(a.applyOne(input));
    }
  }

  private final Map<String, Product> layers = new LinkedHashMap<>();

  /** The matrices that the layers were made of. */
  private final List<Tensor> matrices = new ArrayList<>();

  /**
   * Copies a mapped adapter. Does not close its checkpoint.
   *
   * @param type the type that the decoder computes in
   * @param linears makes the matrices of all layers but the head
   * @param heads makes those of the head
   */
  public LoraProducts(
      LoraParameters parameters, ScalarType type, Linear.Maker linears, Linear.Maker heads) {
    boolean made = false;
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      parameters
          .factors()
          .forEach(
              (layer, stored) -> {
                Linear.Maker maker = layer.equals(LoraParameters.HEAD) ? heads : linears;
                Linear a = linear(layer, maker, stored.a(), 1, type);
                double scale = parameters.sizes().of(layer).scale();
                layers.put(layer, new Product(a, linear(layer, maker, stored.b(), scale, type)));
              });
      made = true;
    } finally {
      if (!made) {
        close();
      }
    }
  }

  private Linear linear(
      String layer, Linear.Maker maker, TensorView stored, double factor, ScalarType type) {
    Tensor mapped = Torch.over(stored.data(), Torch.scalarType(stored.dtype()), stored.shape());
    // Multiplied in 32-bit floats, so that it is rounded once.
    Tensor matrix = mapped.to(ScalarType.Float).mul(new Scalar(factor)).to(type);
    matrix.retainReference();
    matrices.add(matrix);
    return maker.make(List.of(new Affine(layer, matrix, Optional.empty())));
  }

  /** Frees the matrices, which the linear layers have copied. */
  public void releaseMatrices() {
    matrices.forEach(Tensor::close);
    matrices.clear();
  }

  /** The product of a layer, by its Hugging Face name; empty if it is not adapted. */
  Optional<Product> product(String layer) {
    return Optional.ofNullable(layers.get(layer));
  }

  @Override
  public void close() {
    layers
        .values()
        .forEach(
            product -> {
              product.a().close();
              product.b().close();
            });
    releaseMatrices();
  }
}
