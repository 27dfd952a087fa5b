package dev.freshet.trainer;

import dev.freshet.model.Attention;
import dev.freshet.model.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * The pass of an adapter that keeps only the input of every layer and computes a layer once more
 * when the backward pass reaches it. Its activations are those of one layer, for a third more
 * computation.
 */
record RecomputingPass(TrainingPrecision precision) implements Pass {
  @Override
  public void run(Decoder decoder, LanguageHead head, MicroBatch batch, TokenLoss loss) {
    Attention attention = batch.attention(decoder);
    List<Tensor> inputs = inputs(decoder, batch, attention);
    Tensor last = trained(inputs.removeLast());
    Tensor hidden = batch.predicting(decoder.normalized(last));
    Pass.backward(hidden, head.backward(hidden.detach(), batch.targets(), loss));
    Tensor gradient = gradientOf(last);
    last.close();
    while (!inputs.isEmpty()) {
      int layer = inputs.size() - 1;
      try (Tensor input = trained(inputs.removeLast());
          Tensor after = gradient) {
        gradient = before(decoder, layer, input, after, attention);
      }
    }
    Tensor embedded = decoder.embedded(batch.tokens());
    Pass.backward(embedded, gradient);
  }

  /** The hidden states before every layer, and after the last. */
  private List<Tensor> inputs(Decoder decoder, MicroBatch batch, Attention attention) {
    PointerScope scope = scope();
    List<Tensor> inputs = new ArrayList<>();
    try (NoGradGuard _ = new NoGradGuard();
        Autocast _ = new Autocast(precision)) {
      inputs.add(decoder.embedded(batch.tokens()));
      for (int layer = 0; layer < decoder.config().layers(); layer++) {
        try (PointerScope _ = new PointerScope()) {
          Tensor output = decoder.layer(layer, inputs.getLast(), attention);
          scope.attach(output);
          inputs.add(output);
        }
      }
    }
    return inputs;
  }

  /** The gradient of a layer's input, given that of its output. */
  private Tensor before(
      Decoder decoder, int layer, Tensor input, Tensor after, Attention attention) {
    PointerScope scope = scope();
    try (PointerScope _ = new PointerScope()) {
      Pass.backward(forward(decoder, layer, input, attention), after);
      Tensor gradient = gradientOf(input);
      scope.attach(gradient);
      return gradient;
    }
  }

  private Tensor forward(Decoder decoder, int layer, Tensor input, Attention attention) {
    try (Autocast _ = new Autocast(precision)) {
      return decoder.layer(layer, input, attention);
    }
  }

  private static Tensor trained(Tensor input) {
    Tensor _ = input.set_requires_grad(true);
    return input;
  }

  /** A tensor of its own, since {@code grad()} refers into {@code input}. */
  private static Tensor gradientOf(Tensor input) {
    return new Tensor(input.grad());
  }

  private static PointerScope scope() {
    return Objects.requireNonNull(PointerScope.getInnerScope(), "no open scope");
  }
}
