package dev.freshet.model;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Linear layers in 32-bit floats, over a copy of 16-bit weights. The logits of a 16-bit head are
 * rounded to 16 bits, so that many tokens tie exactly; those of a head of this kind are not. Owns 4
 * bytes for each weight.
 */
public final class FloatLinear implements Linear {
  private final List<Affine> copies;
  private final Linear linear;

  /** Copies the weights; later changes of them have no effect. */
  public FloatLinear(List<Affine> layers, Maker linears) {
    try (PointerScope _ = new PointerScope()) {
      this.copies =
          layers.stream()
              .map(
                  layer ->
                      new Affine(
                          layer.name(), copy(layer.weight()), layer.bias().map(FloatLinear::copy)))
              .toList();
      this.linear = linears.make(copies);
    }
  }

  private static Tensor copy(Tensor parameter) {
    Tensor copy = parameter.to(ScalarType.Float, false, true, null);
    copy.retainReference();
    return copy;
  }

  @Override
  public List<Tensor> apply(Tensor input) {
    return linear.apply(input.to(ScalarType.Float));
  }

  @Override
  public void close() {
    linear.close();
    copies.forEach(
        copy -> {
          copy.weight().close();
          copy.bias().ifPresent(Tensor::close);
        });
  }
}
