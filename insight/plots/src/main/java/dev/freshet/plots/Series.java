package dev.freshet.plots;

import java.util.Arrays;

/**
 * Points of a plot, or a line through them. A line is interrupted at a point that is not finite.
 *
 * @param name its name in the legend; empty to leave it out of the legend
 * @param x as many values as {@code y}; ascending for a line
 */
public record Series(String name, Tone tone, Stroke stroke, double[] x, double[] y) {
  /** How a series is drawn. */
  public enum Stroke {
    POINTS,
    LINE,
    DASHES,
    /** A thin line. */
    HAIR,
    /** A broad translucent line. */
    BAND
  }

  /** Maximum number of points drawn. */
  static final int MAX_POINTS = 1500;

  public Series {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "series of %d y values and %d x values: expected as many of each"
              .formatted(y.length, x.length));
    }
  }

  /** A step line: each value holds until the next x. */
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
   * This series with at most {@value #MAX_POINTS} points: the minimum and the maximum of each of
   * equal stretches. Points that are not finite are removed from a series of points.
   */
  Series thinned() {
    Series drawn = stroke == Stroke.POINTS ? finite() : this;
    int count = drawn.x.length;
    if (count <= MAX_POINTS) {
      return drawn;
    }
    int[] kept = new int[MAX_POINTS];
    int size = 0;
    int stretches = MAX_POINTS / 2;
    for (int i = 0; i < stretches; i++) {
      int from = (int) ((long) count * i / stretches);
      int to = (int) ((long) count * (i + 1) / stretches);
      int min = from;
      int max = from;
      for (int j = from; j < to; j++) {
        min = drawn.y[j] < drawn.y[min] ? j : min;
        max = drawn.y[j] > drawn.y[max] ? j : max;
      }
      kept[size++] = Math.min(min, max);
      if (min != max) {
        kept[size++] = Math.max(min, max);
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
