package dev.freshet.lab.load;

import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a whole number of something is distributed: tokens of a completion or prompt, milliseconds.
 * Every number drawn lies between 0 and {@link #most}.
 */
public sealed interface Length {
  /** What {@link #parse} reads. */
  Pattern FORM =
      Pattern.compile(
          "(?<value>\\d+)|uniform:(?<least>\\d+)-(?<most>\\d+)"
              + "|lognormal:(?<mean>[\\d.]+),(?<sigma>[\\d.]+)");

  /** Draws the next. */
  int draw(RandomGenerator random);

  /** The least that is ever drawn. */
  int least();

  /** The most that is ever drawn. */
  int most();

  /** Always the same. */
  record Fixed(int value) implements Length {
    public Fixed {
      require(value >= 0, "a number of at least 0");
    }

    @Override
    public int draw(RandomGenerator random) {
      return value;
    }

    @Override
    public int least() {
      return value;
    }

    @Override
    public int most() {
      return value;
    }

    @Override
    public String toString() {
      return Integer.toString(value);
    }
  }

  /** Each from {@code least} to {@code most} as likely as any other. */
  record Uniform(int least, int most) implements Length {
    public Uniform {
      require(0 <= least && least <= most, "uniform:A-B with 0 ≤ A ≤ B");
    }

    @Override
    public int draw(RandomGenerator random) {
      return random.nextInt(least, most + 1);
    }

    @Override
    public String toString() {
      return "uniform:%d-%d".formatted(least, most);
    }
  }

  /**
   * Log-normal, rounded, at least 1, and cut off at {@value #CUT_OFF} times the mean.
   *
   * @param mean of the distribution before it is cut off
   * @param sigma the standard deviation of the logarithm
   */
  record LogNormal(double mean, double sigma) implements Length {
    private static final int CUT_OFF = 8;
    private static final int LARGEST_MEAN = 1_000_000;

    public LogNormal {
      require(
          mean >= 1 && mean <= LARGEST_MEAN && sigma > 0 && sigma <= 5,
          "lognormal:MEAN,SIGMA with 1 ≤ MEAN ≤ 1000000 and 0 < SIGMA ≤ 5");
    }

    @Override
    public int draw(RandomGenerator random) {
      double logarithm = Math.log(mean) - sigma * sigma / 2 + sigma * random.nextGaussian();
      return (int) Math.clamp(Math.round(Math.exp(logarithm)), 1L, most());
    }

    @Override
    public int least() {
      return 1;
    }

    @Override
    public int most() {
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
   * @throws IllegalArgumentException saying what was expected
   */
  static Length parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw unreadable();
    }
    try {
      if (parts.group("value") != null) {
        return new Fixed(Integer.parseInt(parts.group("value")));
      }
      if (parts.group("least") != null) {
        return new Uniform(
            Integer.parseInt(parts.group("least")), Integer.parseInt(parts.group("most")));
      }
      return new LogNormal(
          Double.parseDouble(parts.group("mean")), Double.parseDouble(parts.group("sigma")));
    } catch (NumberFormatException e) {
      throw unreadable();
    }
  }

  private static IllegalArgumentException unreadable() {
    return new IllegalArgumentException("expected a number, uniform:A-B or lognormal:MEAN,SIGMA");
  }
}
