package dev.freshet.plots;

import java.util.Arrays;

/**
 * Points of a plot, or a line through them. A line is interrupted at a point that is not finite.
 *
 * @param name what the legend calls it; empty for one that the legend leaves out
 * @param x as many as {@code y}; of a line ascending
 */
public record Series(String name, Tone tone, Stroke stroke, double[] x, double[] y) {
  /** How a series is drawn. */
  public enum Stroke {
    POINTS,
    LINE,
    DASHES,
    /** A thin line. */
    HAIR,
    /** A broad line that lets others be seen through it. */
    BAND
  }

  /** The most points of a series that is drawn. */
  static final int MOST = 1500;

  public Series {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "%d values over %d: expected as many".formatted(y.length, x.length));
    }
  }

  /** A line that keeps each value until the next, first going straight up or down to it. */
  public static Series steps(String name, Tone tone, Stroke stroke, double[] x, double[] y) {
    int corners = Math.max(0, 2 * x.length - 1);
    double[] stepX = new double[corners];
    double[] stepY = new double[corners];
    for (int i = 0; i < corners; i++) {
      stepX[i] = x[(i + 1) / 2];
      stepY[i] = y[i / 2];
    }
    return new Series(name, tone, stroke, stepX, stepY);
  }

  boolean isEmpty() {
    return x.length == 0;
  }

  /**
   * The same with at most {@value #MOST} points: of every stretch of its points the least and the
   * greatest. Points that are not finite are left out of a series of points.
   */
  Series thinned() {
    Series drawn = stroke == Stroke.POINTS ? finite() : this;
    int count = drawn.x.length;
    if (count <= MOST) {
      return drawn;
    }
    int[] kept = new int[MOST];
    int size = 0;
    int stretches = MOST / 2;
    for (int i = 0; i < stretches; i++) {
      int from = (int) ((long) count * i / stretches);
      int to = (int) ((long) count * (i + 1) / stretches);
      int least = from;
      int greatest = from;
      for (int j = from; j < to; j++) {
        least = drawn.y[j] < drawn.y[least] ? j : least;
        greatest = drawn.y[j] > drawn.y[greatest] ? j : greatest;
      }
      kept[size++] = Math.min(least, greatest);
      if (least != greatest) {
        kept[size++] = Math.max(least, greatest);
      }
    }
    return drawn.at(Arrays.copyOf(kept, size));
  }

  private Series finite() {
    int[] kept = new int[x.length];
    int size = 0;
    for (int i = 0; i < x.length; i++) {
      if (Double.isFinite(x[i]) && Double.isFinite(y[i])) {
        kept[size++] = i;
      }
    }
    return size == x.length ? this : at(Arrays.copyOf(kept, size));
  }

  private Series at(int[] places) {
    return new Series(
        name,
        tone,
        stroke,
        Arrays.stream(places).mapToDouble(i -> x[i]).toArray(),
        Arrays.stream(places).mapToDouble(i -> y[i]).toArray());
  }
}
