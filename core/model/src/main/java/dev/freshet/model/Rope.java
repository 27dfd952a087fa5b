package dev.freshet.model;

import java.util.List;

/**
 * Rotary position embedding: the angle of dimension pair i at position p is {@code p ·
 * frequency(i)}. It rotates the first dimensions of a head and keeps the others.
 *
 * @param theta the base of the frequencies
 * @param scaling the change of the frequencies for contexts longer than in pre-training
 * @param rotatedShare the share of a head's dimensions that is rotated, above 0 and at most 1
 */
public record Rope(double theta, Scaling scaling, double rotatedShare) {

  /** The rotation of whole heads. */
  public Rope(double theta, Scaling scaling) {
    this(theta, scaling, 1);
  }

  /** A change of the frequencies. The formulas are those of transformers. */
  public sealed interface Scaling {
    /**
     * The frequencies, {@code [dims / 2]}.
     *
     * @param dims the number of rotated dimensions
     */
    double[] frequencies(double theta, int dims);

    /** The factor on cosines and sines. */
    default double magnitude() {
      return 1;
    }
  }

  /** No scaling. */
  public record Default() implements Scaling {
    @Override
    public double[] frequencies(double theta, int dims) {
      double[] frequencies = new double[dims / 2];
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = 1.0 / Math.pow(theta, 2.0 * i / dims);
      }
      return frequencies;
    }
  }

  /** All frequencies divided by a factor. */
  public record Linear(double factor) implements Scaling {
    @Override
    public double[] frequencies(double theta, int dims) {
      double[] frequencies = unscaled(theta, dims);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] /= factor;
      }
      return frequencies;
    }
  }

  /**
   * Dynamic NTK scaling: a larger base for sequences longer than the original context, {@link
   * #forContext}; the base as it is for others.
   */
  public record Dynamic(double factor, int originalContext) implements Scaling {
    @Override
    public double[] frequencies(double theta, int dims) {
      return unscaled(theta, dims);
    }

    private double base(double theta, int dims, int maxLength) {
      if (maxLength <= originalContext || dims == 2) {
        return theta;
      }
      double growth = factor * maxLength / originalContext - (factor - 1);
      return theta * Math.pow(growth, dims / (dims - 2.0));
    }
  }

  /**
   * Llama 3.1's scaling: frequencies of long wavelengths are divided by a factor, those of short
   * wavelengths kept, those between interpolated. Source: the reference implementation of Llama
   * 3.1.
   */
  public record Llama3(
      double factor, double lowFreqFactor, double highFreqFactor, int originalContext)
      implements Scaling {
    @Override
    public double[] frequencies(double theta, int dims) {
      double[] frequencies = unscaled(theta, dims);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = scaled(frequencies[i]);
      }
      return frequencies;
    }

    private double scaled(double frequency) {
      double wavelength = 2 * Math.PI / frequency;
      if (wavelength < originalContext / highFreqFactor) {
        return frequency;
      }
      if (wavelength > originalContext / lowFreqFactor) {
        return frequency / factor;
      }
      double smooth =
          (originalContext / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
      return (1 - smooth) * frequency / factor + smooth * frequency;
    }
  }

  /**
   * YaRN: dimensions that rotate less than {@code betaSlow} times within the original context are
   * divided by a factor, those that rotate more than {@code betaFast} times kept, those between
   * interpolated by their index. Source: Peng et al., "YaRN: Efficient Context Window Extension of
   * Large Language Models".
   *
   * @param magnitude the paper's attention factor
   * @param truncate whether the range of interpolated dimensions is widened to whole ones
   */
  public record Yarn(
      double factor,
      int originalContext,
      double betaFast,
      double betaSlow,
      double magnitude,
      boolean truncate)
      implements Scaling {
    /** The attention factor that the paper suggests. */
    static double suggestedMagnitude(double factor, double weight) {
      return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
    }

    @Override
    public double[] frequencies(double theta, int dims) {
      double low = dimension(betaFast, theta, dims);
      double high = dimension(betaSlow, theta, dims);
      if (truncate) {
        low = Math.floor(low);
        high = Math.ceil(high);
      }
      low = Math.max(low, 0);
      high = Math.min(high, dims - 1);
      double width = low == high ? 0.001 : high - low;
      double[] frequencies = unscaled(theta, dims);
      for (int i = 0; i < frequencies.length; i++) {
        double interpolated = Math.clamp((i - low) / width, 0, 1);
        frequencies[i] *= interpolated / factor + 1 - interpolated;
      }
      return frequencies;
    }

    /** The dimension pair that rotates this many times within the original context. */
    private double dimension(double rotations, double theta, int dims) {
      return dims * Math.log(originalContext / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
    }
  }

  /**
   * LongRoPE: a divisor for each frequency. The long divisors are for contexts longer than the
   * original one, the short divisors for others, {@link #forContext}.
   *
   * @param shortDivisors {@code [dims / 2]}
   * @param longDivisors {@code [dims / 2]}
   */
  public record LongRope(
      List<Double> shortDivisors, List<Double> longDivisors, double magnitude, int originalContext)
      implements Scaling {
    public LongRope {
      shortDivisors = List.copyOf(shortDivisors);
      longDivisors = List.copyOf(longDivisors);
    }

    /** The magnitude for a context that is {@code factor} times as long as the original one. */
    static double suggestedMagnitude(double factor, int originalContext) {
      return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContext));
    }

    @Override
    public double[] frequencies(double theta, int dims) {
      double[] frequencies = unscaled(theta, dims);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] /= longDivisors.get(i);
      }
      return frequencies;
    }

    private LongRope forContext(int maxLength) {
      return maxLength > originalContext
          ? this
          : new LongRope(shortDivisors, shortDivisors, magnitude, originalContext);
    }
  }

  private static double[] unscaled(double theta, int dims) {
    return new Default().frequencies(theta, dims);
  }

  /** The number of a head's dimensions that are rotated. */
  public int rotatedDims(int headDim) {
    return (int) (headDim * rotatedShare);
  }

  /**
   * The context that the scaling extends {@code maxPositions} to. Linear and dynamic scaling are
   * configured beside the original context, the others beside the extended one; YaRN's beside
   * either.
   */
  int maxContext(int maxPositions) {
    return switch (scaling) {
      case Linear linear -> (int) (maxPositions * linear.factor());
      case Dynamic dynamic -> (int) (maxPositions * dynamic.factor());
      case Yarn yarn -> (int) Math.max(maxPositions, yarn.originalContext() * yarn.factor());
      case Default _, Llama3 _, LongRope _ -> maxPositions;
    };
  }

  /** The frequencies, {@code [rotatedDims / 2]}. */
  double[] frequencies(int headDim) {
    return scaling.frequencies(theta, rotatedDims(headDim));
  }

  /**
   * The rotation in a context of at most {@code maxLength} tokens. transformers derives the
   * frequencies of {@link Dynamic} and {@link LongRope} from the length of a sequence while it
   * grows, so that cached keys were rotated by other frequencies than new ones. Here, and in vLLM,
   * the limit of the context decides for all sequences: a cached key stays valid. A sequence as
   * long as the limit has the frequencies of transformers.
   */
  Rope forContext(int headDim, int maxLength) {
    return switch (scaling) {
      case Dynamic dynamic ->
          new Rope(
              dynamic.base(theta, rotatedDims(headDim), maxLength), new Default(), rotatedShare);
      case LongRope longRope -> new Rope(theta, longRope.forContext(maxLength), rotatedShare);
      case Default _, Linear _, Llama3 _, Yarn _ -> this;
    };
  }
}
