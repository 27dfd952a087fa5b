package dev.freshet.plots;

import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * The description of a plot, independent of the format it is drawn in.
 *
 * @param title a few words
 * @param description one sentence that says what it shows, for screen readers
 * @param series drawn over {@code y}
 * @param right series drawn over an axis at the right
 * @param spans drawn behind the series, in order of their beginnings
 * @param marks values of {@code y} drawn as lines
 */
public record Plot(
    String title,
    String description,
    Axis x,
    Axis y,
    List<Series> series,
    Optional<Right> right,
    List<Span> spans,
    List<Mark> marks) {
  /** An axis at the right and the series drawn over it. */
  public record Right(Axis axis, List<Series> series) {}

  /** A named value of the y axis. */
  public record Mark(double value, String name) {}

  public Plot {
    series = thinned(series);
    right = right.map(r -> new Right(r.axis(), thinned(r.series())));
    spans = List.copyOf(spans);
    marks = List.copyOf(marks);
  }

  /** A plot of series only. */
  public static Plot of(String title, String description, Axis x, Axis y, List<Series> series) {
    return new Plot(title, description, x, y, series, Optional.empty(), List.of(), List.of());
  }

  /** This plot with series over an axis at the right. */
  public Plot right(Axis axis, List<Series> over) {
    return new Plot(
        title, description, x, y, series, Optional.of(new Right(axis, over)), spans, marks);
  }

  /** This plot with spans. */
  public Plot spans(List<Span> behind) {
    return new Plot(title, description, x, y, series, right, behind, marks);
  }

  /** This plot with marks. */
  public Plot marks(List<Mark> heights) {
    return new Plot(title, description, x, y, series, right, spans, heights);
  }

  /** Whether it has neither a point nor a span. */
  public boolean isEmpty() {
    return everySeries().allMatch(Series::isEmpty) && spans.isEmpty();
  }

  private static List<Series> thinned(List<Series> series) {
    return series.stream().map(Series::thinned).toList();
  }

  Stream<Series> everySeries() {
    return Stream.concat(series.stream(), right.stream().flatMap(r -> r.series().stream()));
  }

  Scale scaleX() {
    return Scale.of(
        x,
        DoubleStream.concat(
            everySeries().flatMapToDouble(s -> DoubleStream.of(s.x())),
            spans.stream().flatMapToDouble(span -> DoubleStream.of(span.from(), span.to()))));
  }

  Scale scaleY() {
    return scale(y, series);
  }

  /** The scale of {@code axis} for the series drawn over it. */
  static Scale scale(Axis axis, List<Series> over) {
    return Scale.of(axis, over.stream().flatMapToDouble(s -> DoubleStream.of(s.y())));
  }
}
