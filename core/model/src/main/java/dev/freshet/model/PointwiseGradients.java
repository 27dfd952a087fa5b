package dev.freshet.model;

import static dev.freshet.model.FloatFormat.FLOATS;
import static dev.freshet.model.FloatFormat.LANES;

import dev.freshet.model.ModelFamily.Activation;
import java.nio.LongBuffer;
import jdk.incubator.vector.FloatVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What a training step computes element by element or row by row, with this processor's vectors:
 * the gradients of norms, gated activations and embeddings, each in one pass over its rows.
 * Computes in 32-bit floats and rounds results once to the type of the tensor that receives them.
 * Tensors are {@code [1, time, width]} or, of a norm, {@code [1, time, heads, width]}, and may be
 * slices.
 */
public final class PointwiseGradients {
  private static final FloatFormat WEIGHTS = FloatFormat.of(ScalarType.Float);

  private PointwiseGradients() {}

  /**
   * The input normalised in its last dimension.
   *
   * @param norm its weight is in 32-bit floats
   * @param type of the result
   */
  public static Tensor norm(Norm norm, Tensor input, ScalarType type) {
    Tensor output = torch.empty(input.shape(), Torch.options(type), null);
    FloatFormat format = format(input);
    FloatFormat target = FloatFormat.of(type);
    Heads from = Heads.of(input);
    Heads to = Heads.of(output);
    long weight = norm.weight().data_ptr().address();
    for (int token = 0; token < from.tokens(); token++) {
      for (int head = 0; head < from.heads(); head++) {
        normalise(
            norm, weight, format, from.at(token, head), from.width(), target, to.at(token, head));
      }
    }
    return output;
  }

  private static void normalise(
      Norm norm,
      long weight,
      FloatFormat format,
      long from,
      int width,
      FloatFormat target,
      long to) {
    float factor = factor(norm, format, from, width);
    float offset = norm.offset() ? 1 : 0;
    int whole = width - width % LANES;
    for (int i = 0; i < whole; i += LANES) {
      FloatVector scale = WEIGHTS.load(weight + i * 4L).add(offset).mul(factor);
      target.store(
          to + i * (long) target.size(), format.load(from + i * (long) format.size()).mul(scale));
    }
    for (int i = whole; i < width; i++) {
      float scale = (WEIGHTS.get(weight + i * 4L) + offset) * factor;
      target.put(
          to + i * (long) target.size(), format.get(from + i * (long) format.size()) * scale);
    }
  }

  /** 1 / the root of the mean square of a row. */
  private static float factor(Norm norm, FloatFormat format, long from, int width) {
    int whole = width - width % LANES;
    FloatVector squares = FloatVector.zero(FLOATS);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector value = format.load(from + i * (long) format.size());
      squares = value.fma(value, squares);
    }
    double sum = VectorMath.sum(squares);
    for (int i = whole; i < width; i++) {
      double value = format.get(from + i * (long) format.size());
      sum += value * value;
    }
    return (float) (1 / Math.sqrt(sum / width + norm.eps()));
  }

  /**
   * The gradient of a norm's input, in the input's type. Adds that of its weight to {@code
   * weightGradient}.
   *
   * @param weightGradient {@code [width]} in 32-bit floats
   */
  public static Tensor normGradient(
      Norm norm, Tensor input, Tensor outputGradient, Tensor weightGradient) {
    Tensor inputGradient = torch.empty(input.shape(), input.options(), null);
    FloatFormat format = format(input);
    FloatFormat incoming = format(outputGradient);
    Heads from = Heads.of(input);
    Heads gradients = Heads.of(outputGradient);
    Heads to = Heads.of(inputGradient);
    long weight = norm.weight().data_ptr().address();
    long toWeight = weightGradient.data_ptr().address();
    for (int token = 0; token < from.tokens(); token++) {
      for (int head = 0; head < from.heads(); head++) {
        normGradient(
            norm,
            weight,
            from.width(),
            format,
            from.at(token, head),
            incoming,
            gradients.at(token, head),
            to.at(token, head),
            toWeight);
      }
    }
    return inputGradient;
  }

  /**
   * With x the input, w the weight, f the factor of a row and g the gradient of the output: {@code
   * f·(w·g − x·f²·mean(w·g·x))}, and {@code g·x·f} for the weight.
   */
  private static void normGradient(
      Norm norm,
      long weight,
      int width,
      FloatFormat format,
      long from,
      FloatFormat incoming,
      long gradient,
      long to,
      long weightGradient) {
    float offset = norm.offset() ? 1 : 0;
    float factor = factor(norm, format, from, width);
    int whole = width - width % LANES;
    FloatVector products = FloatVector.zero(FLOATS);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector x = format.load(from + i * (long) format.size());
      FloatVector g = incoming.load(gradient + i * (long) incoming.size());
      FloatVector gx = g.mul(x);
      products = gx.fma(WEIGHTS.load(weight + i * 4L).add(offset), products);
      WEIGHTS.store(
          weightGradient + i * 4L,
          gx.fma(FloatVector.broadcast(FLOATS, factor), WEIGHTS.load(weightGradient + i * 4L)));
    }
    float sum = VectorMath.sum(products);
    for (int i = whole; i < width; i++) {
      float gx =
          incoming.get(gradient + i * (long) incoming.size())
              * format.get(from + i * (long) format.size());
      sum += gx * (WEIGHTS.get(weight + i * 4L) + offset);
      WEIGHTS.put(weightGradient + i * 4L, WEIGHTS.get(weightGradient + i * 4L) + gx * factor);
    }
    float along = -sum / width * factor * factor;
    for (int i = 0; i < whole; i += LANES) {
      FloatVector scaled =
          incoming
              .load(gradient + i * (long) incoming.size())
              .mul(WEIGHTS.load(weight + i * 4L).add(offset));
      FloatVector value =
          format.load(from + i * (long) format.size()).mul(along).add(scaled).mul(factor);
      format.store(to + i * (long) format.size(), value);
    }
    for (int i = whole; i < width; i++) {
      float scaled =
          incoming.get(gradient + i * (long) incoming.size())
              * (WEIGHTS.get(weight + i * 4L) + offset);
      format.put(
          to + i * (long) format.size(),
          (format.get(from + i * (long) format.size()) * along + scaled) * factor);
    }
  }

  /**
   * Writes the gradients of gate and up of {@code activation(gate) · up}.
   *
   * @param gateGradient receives the gradient of {@code gate}
   * @param upGradient receives the gradient of {@code up}
   */
  public static void gatedGradient(
      Activation activation,
      Tensor gate,
      Tensor up,
      Tensor outputGradient,
      Tensor gateGradient,
      Tensor upGradient) {
    FloatFormat format = format(gate);
    Heads gates = Heads.of(gate);
    Heads ups = Heads.of(up);
    Heads gradients = Heads.of(outputGradient);
    Heads toGate = Heads.of(gateGradient);
    Heads toUp = Heads.of(upGradient);
    float[] sigmoids = new float[gates.width()];
    for (int token = 0; token < gates.tokens(); token++) {
      sigmoids(activation, format, gates.at(token, 0), sigmoids);
      gatedGradient(
          activation,
          format,
          sigmoids,
          gates.at(token, 0),
          ups.at(token, 0),
          gradients.at(token, 0),
          toGate.at(token, 0),
          toUp.at(token, 0));
    }
  }

  /**
   * One row. The activation is {@code x·s} with {@code s = 1 / (1 + exp(−e(x)))}; s is computed in
   * a pass of its own, because one loop for all is too large for the compiler to keep in registers.
   *
   * @param sigmoids room for a row
   */
  private static void gatedGradient(
      Activation activation,
      FloatFormat format,
      float[] sigmoids,
      long gate,
      long up,
      long gradient,
      long toGate,
      long toUp) {
    int width = sigmoids.length;
    int whole = width - width % LANES;
    long size = format.size();
    FloatVector one = FloatVector.broadcast(FLOATS, 1);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector x = format.load(gate + i * size);
      FloatVector g = format.load(gradient + i * size);
      FloatVector s = FloatVector.fromArray(FLOATS, sigmoids, i);
      FloatVector activated = x.mul(s);
      FloatVector slope = activated.mul(one.sub(s)).fma(Gates.exponentSlope(activation, x), s);
      format.store(toUp + i * size, g.mul(activated));
      format.store(toGate + i * size, g.mul(format.load(up + i * size)).mul(slope));
    }
    for (int i = whole; i < width; i++) {
      float x = format.get(gate + i * size);
      float g = format.get(gradient + i * size);
      float s = sigmoids[i];
      float slope = s + x * s * (1 - s) * Gates.exponentSlope(activation, x);
      format.put(toUp + i * size, g * x * s);
      format.put(toGate + i * size, g * format.get(up + i * size) * slope);
    }
  }

  private static void sigmoids(
      Activation activation, FloatFormat format, long gate, float[] sigmoids) {
    int width = sigmoids.length;
    int whole = width - width % LANES;
    long size = format.size();
    FloatVector one = FloatVector.broadcast(FLOATS, 1);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector exponent = Gates.exponent(activation, format.load(gate + i * size));
      one.div(VectorMath.exp(exponent.neg()).add(1)).intoArray(sigmoids, i);
    }
    for (int i = whole; i < width; i++) {
      float exponent = Gates.exponent(activation, format.get(gate + i * size));
      sigmoids[i] = (float) (1 / (1 + Math.exp(-exponent)));
    }
  }

  /**
   * Adds the gradient of every token's hidden state to that of its row of the embedding.
   *
   * @param tokens {@code [1, time]}
   * @param hiddenGradient {@code [1, time, width]} in 32-bit floats
   * @param scale by which embeddings are multiplied
   * @param gradient {@code [vocabSize, width]} in 32-bit floats
   */
  public static void embeddingGradient(
      Tensor tokens, Tensor hiddenGradient, float scale, Tensor gradient) {
    LongBuffer ids = Torch.longView(tokens);
    Heads from = Heads.of(hiddenGradient);
    long to = gradient.data_ptr().address();
    long rowBytes = from.width() * 4L;
    for (int token = 0; token < from.tokens(); token++) {
      addRow(from.at(token, 0), scale, to + ids.get(token) * rowBytes, from.width());
    }
  }

  private static void addRow(long from, float scale, long to, int width) {
    int whole = width - width % LANES;
    FloatVector factor = FloatVector.broadcast(FLOATS, scale);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector sum = WEIGHTS.load(from + i * 4L).fma(factor, WEIGHTS.load(to + i * 4L));
      WEIGHTS.store(to + i * 4L, sum);
    }
    for (int i = whole; i < width; i++) {
      WEIGHTS.put(to + i * 4L, WEIGHTS.get(to + i * 4L) + scale * WEIGHTS.get(from + i * 4L));
    }
  }

  private static FloatFormat format(Tensor tensor) {
    return FloatFormat.of(tensor.scalar_type().intern());
  }
}
