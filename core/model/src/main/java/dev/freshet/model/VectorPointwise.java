package dev.freshet.model;

import static dev.freshet.model.FloatFormat.FLOATS;
import static dev.freshet.model.FloatFormat.LANES;

import dev.freshet.model.ModelFamily.Activation;
import java.util.function.IntConsumer;
import jdk.incubator.vector.FloatVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * See {@link Pointwise#vectors}. Computes in 32-bit floats and rounds the result once. libtorch
 * takes several passes, each with a tensor of its own, for the same.
 */
record VectorPointwise(ComputeCrew crew) implements Pointwise {
  /** Numbers that are worth a thread of their own: some microseconds. */
  private static final int WORTH_SHARING = 1 << 13;

  @Override
  public Tensor norm(Norm norm, Tensor input) {
    Tensor output = torch.empty(shape(input), input.options(), null);
    FloatFormat format = FloatFormat.of(input.scalar_type().intern());
    Heads from = Heads.of(input);
    Heads to = Heads.of(output);
    long weight = norm.weight().data_ptr().address();
    share(
        from.tokens(),
        from.heads() * from.width(),
        token -> {
          for (int head = 0; head < from.heads(); head++) {
            normalise(norm, format, weight, from.width(), from.at(token, head), to.at(token, head));
          }
        });
    return output;
  }

  /** Computes tokens, each of {@code width} numbers; all on this thread if they are few. */
  private void share(int tokens, int width, IntConsumer token) {
    int shares =
        Math.clamp((long) tokens * width / WORTH_SHARING, 1, Math.min(tokens, crew.workers()));
    crew.run(
        shares,
        (_, share) -> {
          int end = (int) ((long) tokens * (share + 1) / shares);
          for (int i = (int) ((long) tokens * share / shares); i < end; i++) {
            token.accept(i);
          }
        });
  }

  private static long[] shape(Tensor tensor) {
    long[] shape = new long[Math.toIntExact(tensor.dim())];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = tensor.size(i);
    }
    return shape;
  }

  private static void normalise(
      Norm norm, FloatFormat format, long weight, int width, long from, long to) {
    long size = format.size();
    int whole = width - width % LANES;
    FloatVector squares = FloatVector.zero(FLOATS);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector value = format.load(from + i * size);
      squares = value.fma(value, squares);
    }
    double sum = VectorMath.sum(squares);
    for (int i = whole; i < width; i++) {
      double value = format.get(from + i * size);
      sum += value * value;
    }
    float factor = (float) (1 / Math.sqrt(sum / width + norm.eps()));
    float offset = norm.offset() ? 1 : 0;
    for (int i = 0; i < whole; i += LANES) {
      FloatVector scale = format.load(weight + i * size).add(offset).mul(factor);
      format.store(to + i * size, format.load(from + i * size).mul(scale));
    }
    for (int i = whole; i < width; i++) {
      float scale = (format.get(weight + i * size) + offset) * factor;
      format.put(to + i * size, format.get(from + i * size) * scale);
    }
  }

  @Override
  public Tensor gated(Activation activation, Tensor gate, Tensor up) {
    Tensor output = torch.empty(shape(gate), gate.options(), null);
    FloatFormat format = FloatFormat.of(gate.scalar_type().intern());
    Heads gates = Heads.of(gate);
    Heads ups = Heads.of(up);
    Heads to = Heads.of(output);
    share(
        gates.tokens(),
        gates.width(),
        token ->
            gate(
                activation,
                format,
                gates.width(),
                gates.at(token, 0),
                ups.at(token, 0),
                to.at(token, 0)));
    return output;
  }

  private static void gate(
      Activation activation, FloatFormat format, int width, long gate, long up, long to) {
    long size = format.size();
    int whole = width - width % LANES;
    for (int i = 0; i < whole; i += LANES) {
      FloatVector x = format.load(gate + i * size);
      FloatVector divisor = VectorMath.exp(Gates.exponent(activation, x).neg()).add(1);
      format.store(to + i * size, x.div(divisor).mul(format.load(up + i * size)));
    }
    for (int i = whole; i < width; i++) {
      float x = format.get(gate + i * size);
      double exponent = Gates.exponent(activation, x);
      format.put(
          to + i * size, (float) (x / (1 + Math.exp(-exponent)) * format.get(up + i * size)));
    }
  }
}
