package dev.freshet.model;

/**
 * Rotary position embedding: the angle of dimension pair i at position p is {@code p ·
 * frequency(i)}.
 *
 * @param theta the base of the frequencies
 * @param scaling the change of the frequencies for contexts longer than in pre-training
 */
public record Rope(double theta, Scaling scaling) {
  /** A change of the frequencies. */
  public sealed interface Scaling {}

  /** No scaling. */
  public record Default() implements Scaling {}

  /** All frequencies divided by a factor. */
  public record Linear(double factor) implements Scaling {}

  /**
   * Llama 3.1's scaling: frequencies of long wavelengths are divided by a factor, those of short
   * wavelengths kept, those between interpolated. Source: the reference implementation of Llama
   * 3.1.
   */
  public record Llama3(
      double factor, double lowFreqFactor, double highFreqFactor, int originalContext)
      implements Scaling {}

  /** The inverse frequencies, {@code [headDim / 2]}. */
  float[] frequencies(int headDim) {
    float[] frequencies = new float[headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double base = 1.0 / Math.pow(theta, 2.0 * i / headDim);
      frequencies[i] =
          (float)
              switch (scaling) {
                case Default() -> base;
                case Linear(double factor) -> base / factor;
                case Llama3 llama3 -> scaled(base, llama3);
              };
    }
    return frequencies;
  }

  private static double scaled(double frequency, Llama3 scaling) {
    double wavelength = 2 * Math.PI / frequency;
    double longest = scaling.originalContext() / scaling.lowFreqFactor();
    double shortest = scaling.originalContext() / scaling.highFreqFactor();
    if (wavelength < shortest) {
      return frequency;
    }
    if (wavelength > longest) {
      return frequency / scaling.factor();
    }
    double smooth =
        (scaling.originalContext() / wavelength - scaling.lowFreqFactor())
            / (scaling.highFreqFactor() - scaling.lowFreqFactor());
    return (1 - smooth) * frequency / scaling.factor() + smooth * frequency;
  }
}
