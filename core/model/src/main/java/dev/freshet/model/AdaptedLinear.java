package dev.freshet.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Linear layers with the adapters of some rows beside them. Rows are the elements of the dimension
 * before the last. Closing frees the linear layers, not the adapters.
 *
 * @param names the Hugging Face names of the layers
 */
record AdaptedLinear(Linear linear, List<String> names, RowAdapters rows) implements Linear {
  @Override
  public List<Tensor> apply(Tensor input) {
    List<Tensor> outputs = linear.apply(input);
    for (RowAdapters.Group group : rows.groups()) {
      for (int i = 0; i < outputs.size(); i++) {
        Tensor output = outputs.get(i);
        group
            .adapter()
            .product(names.get(i))
            .ifPresent(product -> rowsOf(output, group).add_(product.of(rowsOf(input, group))));
      }
    }
    return outputs;
  }

  private static Tensor rowsOf(Tensor tensor, RowAdapters.Group group) {
    return tensor.narrow(-2, group.start(), group.count());
  }

  @Override
  public void close() {
    linear.close();
  }
}
