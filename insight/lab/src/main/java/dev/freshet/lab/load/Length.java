package dev.freshet.lab.load;

import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The distribution of a whole number: tokens of a completion or a prompt, or milliseconds. Every
 * draw is from {@link #min} to {@link #max}.
 */
public sealed interface Length {
  /** The syntax of {@link #parse}. */
  Pattern FORM =
      Pattern.compile(
          "(?<value>\\d+)|uniform:(?<min>\\d+)-(?<max>\\d+)"
              + "|lognormal:(?<mean>[\\d.]+),(?<sigma>[\\d.]+)");

  /** Draws a number. */
  int draw(RandomGenerator random);

  /** The smallest number that can be drawn. */
  int min();

  /** The largest number that can be drawn. */
  int max();

  /** A constant. */
  record Fixed(int value) implements Length {
    public Fixed {
      require(value >= 0, "a number of at least 0");
    }

    @Override
    public int draw(RandomGenerator random) {
      return value;
    }

    @Override
    public int min() {
      return value;
    }

    @Override
    public int max() {
      return value;
    }

    @Override
    public String toString() {
      return Integer.toString(value);
    }
  }

  /** Uniform from {@code min} to {@code max}, both included. */
  record Uniform(int min, int max) implements Length {
    public Uniform {
      require(0 <= min && min <= max, "uniform:A-B with 0 ≤ A ≤ B");
    }

    @Override
    public int draw(RandomGenerator random) {
      return random.nextInt(min, max + 1);
    }

    @Override
    public String toString() {
      return "uniform:%d-%d".formatted(min, max);
    }
  }

  /**
   * Log-normal, rounded, at least 1 and at most {@value #CUT_OFF} times the mean.
   *
   * @param mean of the distribution before the cut-off
   * @param sigma the standard deviation of the logarithm
   */
  record LogNormal(double mean, double sigma) implements Length {
    private static final int CUT_OFF = 8;
    private static final int MAX_MEAN = 1_000_000;

    public LogNormal {
      require(
          mean >= 1 && mean <= MAX_MEAN && sigma > 0 && sigma <= 5,
          "lognormal:MEAN,SIGMA with 1 ≤ MEAN ≤ 1000000 and 0 < SIGMA ≤ 5");
    }

    @Override
    public int draw(RandomGenerator random) {
      double logarithm = Math.log(mean) - sigma * sigma / 2 + sigma * random.nextGaussian();
      return (int) Math.clamp(Math.round(Math.exp(logarithm)), 1L, max());
    }

    @Override
    public int min() {
      return 1;
    }

    @Override
    public int max() {
      return (int) Math.ceil(CUT_OFF * mean);
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "lognormal:%s,%s", mean, sigma);
    }
  }

  private static void require(boolean holds, String expected) {
    if (!holds) {
      throw new IllegalArgumentException("expected " + expected);
    }
  }

  /**
   * Reads {@code 256}, {@code uniform:64-512} or {@code lognormal:200,0.8}.
   *
   * @throws IllegalArgumentException if the text has another form; the message has the expected one
   */
  static Length parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw malformed();
    }
    try {
      if (parts.group("value") != null) {
        return new Fixed(Integer.parseInt(parts.group("value")));
      }
      if (parts.group("min") != null) {
        return new Uniform(
            Integer.parseInt(parts.group("min")), Integer.parseInt(parts.group("max")));
      }
      return new LogNormal(
          Double.parseDouble(parts.group("mean")), Double.parseDouble(parts.group("sigma")));
    } catch (NumberFormatException e) {
      throw malformed();
    }
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException("expected a number, uniform:A-B or lognormal:MEAN,SIGMA");
  }
}
