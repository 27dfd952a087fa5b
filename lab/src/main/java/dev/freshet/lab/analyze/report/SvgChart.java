package dev.freshet.lab.analyze.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A scatter of one or two series over a common axis, as inline SVG. Of more than {@link #MOST}
 * points a series keeps, in every stretch of the axis, its least and its greatest.
 */
final class SvgChart {
  private static final int MOST = 1500;
  private static final int WIDTH = 760;
  private static final int HEIGHT = 220;
  private static final int LEFT = 64;
  private static final int RIGHT = 12;
  private static final int TOP = 14;
  private static final int BOTTOM = 30;
  private static final int TICKS = 5;

  /** A series of points; {@code css} is the class that colours it. */
  record Line(String name, String css, double[] x, double[] y) {}

  private final String title;
  private final String axis;
  private final List<Line> lines;
  private final double bound;

  /**
   * @param axis what the points are drawn over
   * @param bound where good ends; NaN for none
   */
  SvgChart(String title, String axis, List<Line> lines, double bound) {
    this.title = title;
    this.axis = axis;
    this.lines = lines.stream().map(SvgChart::thin).toList();
    this.bound = bound;
  }

  boolean isEmpty() {
    return lines.stream().allMatch(line -> line.x().length == 0);
  }

  /** Leaves out points without a place, and of very many those that another stands for. */
  private static Line thin(Line line) {
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < line.x().length; i++) {
      if (Double.isFinite(line.x()[i]) && Double.isFinite(line.y()[i])) {
        points.add(new double[] {line.x()[i], line.y()[i]});
      }
    }
    List<double[]> kept = new ArrayList<>();
    int stretch = Math.max(1, points.size() * 2 / MOST);
    for (int i = 0; i < points.size(); i += stretch) {
      List<double[]> part = points.subList(i, Math.min(points.size(), i + stretch));
      kept.add(part.stream().reduce((a, b) -> a[1] <= b[1] ? a : b).orElseThrow());
      kept.add(part.stream().reduce((a, b) -> a[1] > b[1] ? a : b).orElseThrow());
    }
    return new Line(
        line.name(),
        line.css(),
        kept.stream().mapToDouble(point -> point[0]).toArray(),
        kept.stream().mapToDouble(point -> point[1]).toArray());
  }

  String svg() {
    double[] xs = all(lines.stream().map(Line::x));
    double[] ys = all(lines.stream().map(Line::y));
    double minX = Arrays.stream(xs).min().orElse(0);
    double maxX = Math.max(Arrays.stream(xs).max().orElse(1), minX + 1e-9);
    double maxY = Math.max(Arrays.stream(ys).max().orElse(1) * 1.05, 1e-9);
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<figure><figcaption>%s%s</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">"
            .formatted(Html.escape(title), legend(), WIDTH, HEIGHT, Html.escape(title)));
    grid(svg, maxY);
    if (bound <= maxY) {
      double y = y(bound, maxY);
      svg.append(line("bound", LEFT, y, WIDTH - RIGHT, y));
    }
    for (Line line : lines) {
      svg.append("<g class=\"").append(line.css()).append("\">");
      for (int i = 0; i < line.x().length; i++) {
        double x = LEFT + (line.x()[i] - minX) / (maxX - minX) * (WIDTH - LEFT - RIGHT);
        svg.append(
            String.format(
                Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\"/>", x, y(line.y()[i], maxY)));
      }
      svg.append("</g>");
    }
    text(svg, "start", LEFT, HEIGHT - 8, Figures.number(minX));
    text(svg, "end", WIDTH - RIGHT, HEIGHT - 8, Figures.number(maxX));
    text(svg, "middle", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, axis);
    return svg.append("</svg></figure>\n").toString();
  }

  private String legend() {
    StringBuilder legend = new StringBuilder();
    lines.forEach(
        line ->
            legend.append(
                " <span class=\"%s\">● %s</span>".formatted(line.css(), Html.escape(line.name()))));
    return legend.toString();
  }

  private static double[] all(Stream<double[]> parts) {
    return parts.flatMapToDouble(Arrays::stream).toArray();
  }

  private static double y(double value, double maxY) {
    return HEIGHT - BOTTOM - value / maxY * (HEIGHT - TOP - BOTTOM);
  }

  private static void grid(StringBuilder svg, double maxY) {
    for (int i = 0; i < TICKS; i++) {
      double value = maxY * i / (TICKS - 1);
      double y = y(value, maxY);
      svg.append(line("grid", LEFT, y, WIDTH - RIGHT, y));
      text(svg, "end", LEFT - 6, y + 4, Figures.number(value));
    }
  }

  private static String line(String css, double x1, double y1, double x2, double y2) {
    return String.format(
        Locale.ROOT,
        "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
        css,
        x1,
        y1,
        x2,
        y2);
  }

  private static void text(StringBuilder svg, String anchor, double x, double y, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
            anchor,
            x,
            y,
            Html.escape(text)));
  }
}
