package dev.freshet.trainer;

import dev.freshet.model.Linear;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Linear layers over the same input that record themselves on a {@link Tape}. The gradient that the
 * tape expects holds those of all outputs one after the other. Owns the tensors of its products,
 * but not their memory.
 */
final class TapedLinear implements Linear {
  /**
   * A product, {@code input · weightᵀ + bias}. Retains its tensors.
   *
   * @param weight {@code [out, in]}, in the type of the input
   * @param gradient of the weight, in 32-bit floats; added to
   * @param bias {@code [out]}, with its gradient
   */
  record Product(Tensor weight, Tensor gradient, Optional<Bias> bias) {
    /** A bias in the type of the input, and its gradient in 32-bit floats; added to. */
    record Bias(Tensor values, Tensor gradient) {}

    Product {
      weight.retainReference();
      gradient.retainReference();
      bias.ifPresent(
          own -> {
            own.values().retainReference();
            own.gradient().retainReference();
          });
    }

    Tensor apply(Tensor input) {
      return bias.isPresent()
          ? torch.linear(input, weight, new TensorOptional(bias.get().values()))
          : torch.linear(input, weight);
    }

    /** The gradient of the input, {@code [n, in]}, given that of the output, {@code [n, out]}. */
    Tensor gradient(Tensor input, Tensor output) {
      if (gradient.scalar_type().intern() == weight.scalar_type().intern()) {
        gradient.addmm_(output.t(), input);
      } else {
        gradient.add_(output.t().mm(input));
      }
      bias.ifPresent(
          own ->
              own.gradient()
                  .add_(
                      output.sum(new long[] {0}, false, new ScalarTypeOptional(ScalarType.Float))));
      return output.mm(weight);
    }

    void close() {
      weight.close();
      gradient.close();
      bias.ifPresent(
          own -> {
            own.values().close();
            own.gradient().close();
          });
    }
  }

  private final Tape tape;
  private final List<Product> products;

  TapedLinear(Tape tape, List<Product> products) {
    this.tape = tape;
    this.products = List.copyOf(products);
  }

  @Override
  public List<Tensor> apply(Tensor input) {
    List<Tensor> outputs = new ArrayList<>(products.size());
    for (Product product : products) {
      outputs.add(product.apply(input));
    }
    tape.record(gradient -> gradient(input, gradient), input);
    return outputs;
  }

  private Tensor gradient(Tensor input, Tensor outputs) {
    Tensor inputs = input.reshape(-1, input.size(-1));
    Tensor gradients = outputs.reshape(-1, outputs.size(-1));
    Tensor sum = new Tensor();
    long from = 0;
    for (Product product : products) {
      long width = product.weight().size(0);
      Tensor own = product.gradient(inputs, gradients.narrow(1, from, width));
      sum = from == 0 ? own : sum.add_(own);
      from += width;
    }
    return sum.view(input.sizes());
  }

  @Override
  public void close() {
    products.forEach(Product::close);
  }
}
