package dev.freshet.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Linear layers with the factors of an adapter beside them: {@code output_i + scale_i · B_i · (A_i
 * · input)}. Closing frees the linear layers, not the factors.
 *
 * @param factors of each layer; empty for a layer without an adapter
 */
record LoraLinear(Linear linear, List<Optional<LoraAdapter.Factors>> factors) implements Linear {
  @Override
  public List<Tensor> apply(Tensor input) {
    List<Tensor> outputs = linear.apply(input);
    List<Tensor> sums = new ArrayList<>(outputs.size());
    for (int i = 0; i < outputs.size(); i++) {
      sums.add(sum(input, outputs.get(i), factors.get(i)));
    }
    return sums;
  }

  private Tensor sum(Tensor input, Tensor output, Optional<LoraAdapter.Factors> own) {
    if (own.isEmpty()) {
      return output;
    }
    Tensor reduced = torch.linear(input, own.get().a());
    return output.add(torch.linear(reduced, own.get().b()), new Scalar(own.get().scale()));
  }

  @Override
  public void close() {
    linear.close();
  }
}
