package dev.freshet.plots;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Where values stand along an axis. A logarithmic one begins and ends at 1, 2 or 5 times a power of
 * ten.
 *
 * @param from the value at the beginning
 * @param to the value at the end, greater than the one at the beginning
 */
record Scale(Axis axis, double from, double to) {
  /** A value of the axis that is written beside it. */
  record Tick(double value, String label) {}

  private static final double[] NICE = {1, 2, 5};

  /** How far a value may be off and still stand at the end, as a share of the axis. */
  private static final double SLACK = 1e-9;

  /** The scale that has room for these values, as far as they are finite. */
  static Scale of(Axis axis, DoubleStream values) {
    return switch (axis) {
      case Axis.Linear(_, double least, double most) -> linear(axis, values, least, most);
      case Axis.Logarithmic _ -> logarithmic(axis, values);
      case Axis.Named(_, List<String> names) ->
          new Scale(axis, -0.5, Math.max(1, names.size()) - 0.5);
    };
  }

  private static Scale linear(Axis axis, DoubleStream values, double least, double most) {
    double[] all = values.filter(Double::isFinite).toArray();
    double from = DoubleStream.concat(DoubleStream.of(all), DoubleStream.of(least)).min().orElse(0);
    double to = DoubleStream.concat(DoubleStream.of(all), DoubleStream.of(most)).max().orElse(1);
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

  /** The greatest power of ten that is not above. */
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

  /** The value that stands at a place from 0 to 1. */
  double at(double place) {
    return isLogarithmic() ? from * Math.pow(to / from, place) : from + place * (to - from);
  }

  /** The values to write, at most about so many, in ascending order. */
  List<Tick> ticks(int most) {
    return switch (axis) {
      case Axis.Linear _ -> linearTicks(most);
      case Axis.Logarithmic _ -> logarithmicTicks(most);
      case Axis.Named(_, List<String> names) -> namedTicks(names, most);
    };
  }

  private List<Tick> linearTicks(int most) {
    double step = niceAbove((to - from) / most);
    List<Tick> ticks = new ArrayList<>();
    long last = (long) Math.floor(to / step + SLACK);
    for (long i = (long) Math.ceil(from / step - SLACK); i <= last; i++) {
      ticks.add(tick(i * step));
    }
    return ticks;
  }

  private List<Tick> logarithmicTicks(int most) {
    int first = (int) Math.floor(Math.log10(from) + SLACK);
    int last = (int) Math.floor(Math.log10(to) + SLACK);
    boolean decadesOnly = (last - first + 1) * NICE.length > most;
    int stride = decadesOnly ? Math.max(1, (int) Math.ceil((last - first + 1.0) / most)) : 1;
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

  private static List<Tick> namedTicks(List<String> names, int most) {
    int stride = Math.max(1, (int) Math.ceil((double) names.size() / most));
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
