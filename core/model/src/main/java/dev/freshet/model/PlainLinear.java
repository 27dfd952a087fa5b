package dev.freshet.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Linear layers that read the weights where they lie, at every call, so the trainer may change them
 * in place and gradients reach them.
 */
public final class PlainLinear implements Linear {
  private record Layer(Tensor weight, TensorOptional bias) {}

  private final List<Layer> layers;

  public PlainLinear(List<Affine> layers) {
    this.layers =
        layers.stream()
            .map(
                layer ->
                    new Layer(
                        layer.weight(),
                        layer.bias().map(TensorOptional::new).orElseGet(TensorOptional::new)))
            .toList();
    this.layers.forEach(layer -> layer.bias().retainReference());
  }

  @Override
  public List<Tensor> apply(Tensor input) {
    List<Tensor> outputs = new ArrayList<>(layers.size());
    for (Layer layer : layers) {
      outputs.add(torch.linear(input, layer.weight(), layer.bias()));
    }
    return outputs;
  }

  @Override
  public void close() {
    layers.forEach(layer -> layer.bias().close());
  }
}
