package dev.freshet.plots;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Maps values to positions along an axis. A logarithmic axis begins and ends at 1, 2 or 5 times a
 * power of ten.
 *
 * @param from the value at the beginning
 * @param to the value at the end, greater than the one at the beginning
 */
record Scale(Axis axis, double from, double to) {
  /** A labelled value of the axis. */
  record Tick(double value, String label) {}

  private static final double[] NICE = {1, 2, 5};

  /** Relative tolerance for a value at either end of the axis. */
  private static final double SLACK = 1e-9;

  /** The scale that includes every finite value. */
  static Scale of(Axis axis, DoubleStream values) {
    return switch (axis) {
      case Axis.Linear(_, double min, double max) -> linear(axis, values, min, max);
      case Axis.Logarithmic _ -> logarithmic(axis, values);
      case Axis.Named(_, List<String> names) ->
          new Scale(axis, -0.5, Math.max(1, names.size()) - 0.5);
    };
  }

  private static Scale linear(Axis axis, DoubleStream values, double min, double max) {
    double[] all = values.filter(Double::isFinite).toArray();
    double from = DoubleStream.concat(DoubleStream.of(all), DoubleStream.of(min)).min().orElse(0);
    double to = DoubleStream.concat(DoubleStream.of(all), DoubleStream.of(max)).max().orElse(1);
    return new Scale(axis, from, to > from ? to : from + Math.max(1, Math.abs(from) * SLACK));
  }

  private static Scale logarithmic(Axis axis, DoubleStream values) {
    double[] positive = values.filter(v -> Double.isFinite(v) && v > 0).sorted().toArray();
    double from = positive.length == 0 ? 1 : niceBelow(positive[0]);
    double to = positive.length == 0 ? 10 : niceAbove(positive[positive.length - 1]);
    return new Scale(axis, from, to > from ? to : from * 10);
  }

  private static double niceBelow(double value) {
    double decade = decade(value);
    double nice = decade;
    for (double n : NICE) {
      nice = n * decade <= value * (1 + SLACK) ? n * decade : nice;
    }
    return nice;
  }

  private static double niceAbove(double value) {
    double decade = decade(value);
    for (double n : NICE) {
      if (n * decade >= value * (1 - SLACK)) {
        return n * decade;
      }
    }
    return 10 * decade;
  }

  /** The greatest power of ten that is not above {@code value}. */
  private static double decade(double value) {
    return Math.pow(10, Math.floor(Math.log10(value) + SLACK));
  }

  boolean isLogarithmic() {
    return axis instanceof Axis.Logarithmic;
  }

  /** From 0 at the beginning to 1 at the end; NaN for a value that is not finite. */
  double place(double value) {
    if (!Double.isFinite(value)) {
      return Double.NaN;
    }
    return isLogarithmic()
        ? Math.log(Math.max(value, from) / from) / Math.log(to / from)
        : (value - from) / (to - from);
  }

  /** The value at a position from 0 to 1. */
  double at(double place) {
    return isLogarithmic() ? from * Math.pow(to / from, place) : from + place * (to - from);
  }

  /** The ticks in ascending order, approximately {@code max} at most. */
  List<Tick> ticks(int max) {
    return switch (axis) {
      case Axis.Linear _ -> linearTicks(max);
      case Axis.Logarithmic _ -> logarithmicTicks(max);
      case Axis.Named(_, List<String> names) -> namedTicks(names, max);
    };
  }

  private List<Tick> linearTicks(int max) {
    double step = niceAbove((to - from) / max);
    List<Tick> ticks = new ArrayList<>();
    long last = (long) Math.floor(to / step + SLACK);
    for (long i = (long) Math.ceil(from / step - SLACK); i <= last; i++) {
      ticks.add(tick(i * step));
    }
    return ticks;
  }

  private List<Tick> logarithmicTicks(int max) {
    int first = (int) Math.floor(Math.log10(from) + SLACK);
    int last = (int) Math.floor(Math.log10(to) + SLACK);
    boolean decadesOnly = (last - first + 1) * NICE.length > max;
    int stride = decadesOnly ? Math.max(1, (int) Math.ceil((last - first + 1.0) / max)) : 1;
    List<Tick> ticks = new ArrayList<>();
    for (int i = first; i <= last; i += stride) {
      for (double n : NICE) {
        double value = n * Math.pow(10, i);
        if (value >= from * (1 - SLACK) && value <= to * (1 + SLACK) && (n == 1 || !decadesOnly)) {
          ticks.add(tick(value));
        }
      }
    }
    return ticks;
  }

  private static List<Tick> namedTicks(List<String> names, int max) {
    int stride = Math.max(1, (int) Math.ceil((double) names.size() / max));
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; i < names.size(); i += stride) {
      ticks.add(new Tick(i, names.get(i)));
    }
    return ticks;
  }

  private static Tick tick(double value) {
    return new Tick(value, Numbers.exact(value));
  }
}
