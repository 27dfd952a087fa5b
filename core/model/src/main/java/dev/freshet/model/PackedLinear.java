package dev.freshet.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.NumberType;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.OptionalType;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Linear layers in one matrix product, whose weights were copied once into the layout of oneDNN's
 * kernels. Otherwise oneDNN copies the weights into that layout at every call, which takes longer
 * than the product of a small batch. The layers' outputs are slices of one tensor. For inference
 * only: no gradient is recorded.
 */
public final class PackedLinear implements Linear {
  private final Operators operators;
  private final IValue weight;
  private final IValue bias;
  private final long[] widths;

  /** libtorch's operators on packed weights, which have no function in the binding. */
  private static final class Operators {
    static final Operators INSTANCE = new Operators();

    private final OperatorHandle pack;
    private final OperatorHandle linear;
    private final IValue none;
    private final IValue noActivation;
    private final IValue noScalars;
    private final IValue noAlgorithm;

    private Operators() {
      try (PointerScope scope = new PointerScope()) {
        pack = Dispatcher.singleton().findSchemaOrThrow("mkldnn::_reorder_linear_weight", "");
        linear = Dispatcher.singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "");
        none = new IValue();
        noActivation = new IValue("none");
        // The element type must be that of the operator's schema: Scalar?.
        Type.TypePtr number = new Type.TypePtr(NumberType.getNumberIntTypePtr().get());
        noScalars = new IValue(new GenericList(new Type.TypePtr(OptionalType.create(number))));
        noAlgorithm = new IValue("");
        List.of(pack, linear, none, noActivation, noScalars, noAlgorithm)
            .forEach(kept -> kept.retainReference());
      }
    }

    Tensor packed(Tensor weight) {
      IValueVector stack = new IValueVector(new IValue(weight), none);
      pack.callBoxed(stack);
      return stack.get(0).toTensor();
    }

    Tensor linear(Tensor input, IValue weight, IValue bias) {
      IValueVector stack =
          new IValueVector(new IValue(input), weight, bias, noActivation, noScalars, noAlgorithm);
      linear.callBoxed(stack);
      return stack.get(0).toTensor();
    }
  }

  /** Packs the weights of layers over the same input. */
  public PackedLinear(List<Affine> layers) {
    this.operators = Operators.INSTANCE;
    this.widths = layers.stream().mapToLong(Affine::out).toArray();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      this.weight =
          new IValue(
              operators.packed(joined(layers.stream().map(Affine::weight).toList()).contiguous()));
      List<Tensor> biases = layers.stream().map(Affine::bias).flatMap(Optional::stream).toList();
      if (!biases.isEmpty() && biases.size() != layers.size()) {
        throw new ModelException("layers over one input: expected all or none to have a bias");
      }
      this.bias = biases.isEmpty() ? new IValue() : new IValue(joined(biases));
      weight.retainReference();
      bias.retainReference();
    }
  }

  private static Tensor joined(List<Tensor> tensors) {
    return tensors.size() == 1
        ? tensors.getFirst()
        : torch.cat(new TensorVector(tensors.toArray(Tensor[]::new)), 0);
  }

  /** Whether this processor has oneDNN kernels for packed weights of this type. */
  public static boolean supports(ScalarType type) {
    if (type != ScalarType.Float && type != ScalarType.BFloat16) {
      return false;
    }
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor weight = torch.ones(new long[] {16, 16}, Torch.options(type));
      Affine layer = new Affine("probe", weight, Optional.empty());
      try (PackedLinear linear = new PackedLinear(List.of(layer))) {
        return linear.applyOne(weight).defined();
      }
    } catch (RuntimeException e) {
      // libtorch was built without oneDNN, or the processor lacks the instructions of the type.
      return false;
    }
  }

  @Override
  public List<Tensor> apply(Tensor input) {
    Tensor all = operators.linear(input, weight, bias);
    if (widths.length == 1) {
      return List.of(all);
    }
    List<Tensor> outputs = new ArrayList<>(widths.length);
    long from = 0;
    for (long width : widths) {
      outputs.add(all.narrow(-1, from, width));
      from += width;
    }
    return outputs;
  }

  @Override
  public void close() {
    weight.close();
    bias.close();
  }
}
