package dev.freshet.plots;

import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Draws a {@link Plot} as a figure of a page: inline SVG styled by the page, with the legend in the
 * caption. As wide as a phone, so that its text is legible on one.
 */
final class SvgPlot {
  private static final int WIDTH = 440;
  private static final int HEIGHT = 270;
  private static final int SIDE = 54;
  private static final int EDGE = 16;
  private static final int TOP = 30;
  private static final int BOTTOM = 44;

  /** Between the data and the outer grid lines, so that lines at the edge are not clipped. */
  private static final int PAD = 4;

  private static final int TICKS_X = 7;
  private static final int TICKS_Y = 6;
  private static final double MIN_SPAN = 1.5;

  private final Plot plot;
  private final Scale x;
  private final Scale y;
  private final int rightEdge;
  private final StringBuilder svg = new StringBuilder();

  private SvgPlot(Plot plot) {
    this.plot = plot;
    this.x = plot.scaleX();
    this.y = plot.scaleY();
    this.rightEdge = WIDTH - (plot.right().isPresent() ? SIDE : EDGE);
  }

  /** The figure. */
  static String of(Plot plot) {
    return new SvgPlot(plot).figure();
  }

  private String figure() {
    svg.append("<figure><figcaption><b>").append(Html.escape(plot.title())).append("</b>");
    legend();
    svg.append("</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\">".formatted(WIDTH, HEIGHT));
    svg.append("<title>").append(Html.escape(plot.title())).append("</title>");
    svg.append("<desc>").append(Html.escape(plot.description())).append("</desc>\n");
    grid();
    spans();
    marks();
    plot.series().forEach(series -> draw(series, y));
    plot.right().ifPresent(this::right);
    return svg.append("</svg></figure>\n").toString();
  }

  private void legend() {
    plot.spans().stream()
        .collect(Collectors.toMap(Span::name, Span::tone, (first, _) -> first))
        .entrySet()
        .stream()
        .sorted((a, b) -> a.getValue().compareTo(b.getValue()))
        .forEach(
            span ->
                key(
                    span.getValue(),
                    "<rect class=\"span\" width=\"12\" height=\"8\" x=\"5\"/>",
                    span.getKey()));
    plot.everySeries()
        .filter(series -> !series.name().isEmpty() && !series.isEmpty())
        .forEach(
            series ->
                key(
                    series.tone(),
                    "<path class=\"%s\" d=\"%s\"/>"
                        .formatted(
                            css(series.stroke()),
                            series.stroke() == Series.Stroke.POINTS ? "M11 4h0" : "M0 4h22"),
                    series.name()));
  }

  private void key(Tone tone, String shape, String name) {
    svg.append(
        " <span class=\"key %s\"><svg viewBox=\"0 0 22 8\" aria-hidden=\"true\">%s</svg>%s</span>"
            .formatted(tone.css(), shape, Html.escape(name)));
  }

  private void grid() {
    for (Scale.Tick tick : y.ticks(TICKS_Y)) {
      line("grid", SIDE, up(tick.value(), y), rightEdge, up(tick.value(), y));
      text("end", SIDE - 6, up(tick.value(), y) + 4, tick.label());
    }
    for (Scale.Tick tick : x.ticks(TICKS_X)) {
      double at = along(tick.value());
      if (!(x.axis() instanceof Axis.Named)) {
        line("grid", at, TOP, at, HEIGHT - BOTTOM);
      }
      text("middle", at, HEIGHT - BOTTOM + 16, tick.label());
    }
    text("start", 0, 14, plot.y().title());
    text("middle", (SIDE + rightEdge) / 2.0, HEIGHT - 8, plot.x().title());
  }

  private void right(Plot.Right right) {
    Scale scale = Plot.scale(right.axis(), right.series());
    for (Scale.Tick tick : scale.ticks(TICKS_Y)) {
      text("start", rightEdge + 6, up(tick.value(), scale) + 4, tick.label());
    }
    text("end", WIDTH, 14, right.axis().title());
    right.series().forEach(series -> draw(series, scale));
  }

  private void spans() {
    Span.Rows rows = Span.Rows.of(plot.spans());
    double height = (double) (HEIGHT - TOP - BOTTOM) / Math.max(1, rows.count());
    for (int i = 0; i < plot.spans().size(); i++) {
      Span span = plot.spans().get(i);
      double from = along(span.from());
      svg.append(
          format(
              "<rect class=\"span %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">",
              span.tone().css(),
              from,
              TOP + rows.rows()[i] * height,
              Math.max(MIN_SPAN, along(span.to()) - from),
              height * (rows.count() > 1 ? 0.9 : 1)));
      svg.append("<title>").append(Html.escape(span.description())).append("</title></rect>\n");
    }
  }

  private void marks() {
    for (Plot.Mark mark : plot.marks()) {
      if (y.place(mark.value()) >= 0 && y.place(mark.value()) <= 1) {
        double at = up(mark.value(), y);
        line("mark", SIDE, at, rightEdge, at);
        text("end", rightEdge - 2, at - 4, mark.name());
      }
    }
  }

  private void draw(Series series, Scale scale) {
    StringBuilder path = new StringBuilder();
    boolean begun = false;
    for (int i = 0; i < series.x().length; i++) {
      double right = along(series.x()[i]);
      double up = up(series.y()[i], scale);
      if (!Double.isFinite(right) || !Double.isFinite(up)) {
        begun = false;
      } else if (series.stroke() == Series.Stroke.POINTS) {
        path.append(format("M%.1f %.1fh0", right, up));
      } else {
        path.append(format("%s%.1f %.1f", begun ? "L" : "M", right, up));
        begun = true;
      }
    }
    svg.append(
        "<path class=\"%s %s\" d=\"%s\"/>\n"
            .formatted(css(series.stroke()), series.tone().css(), path));
  }

  private static String css(Series.Stroke stroke) {
    return stroke.name().toLowerCase(Locale.ROOT);
  }

  private double along(double value) {
    return SIDE + PAD + x.place(value) * (rightEdge - SIDE - 2 * PAD);
  }

  private static double up(double value, Scale scale) {
    return HEIGHT - BOTTOM - PAD - scale.place(value) * (HEIGHT - TOP - BOTTOM - 2 * PAD);
  }

  private void line(String css, double x1, double y1, double x2, double y2) {
    svg.append(format("<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", css, x1, y1, x2, y2));
  }

  private void text(String anchor, double x, double y, String text) {
    svg.append(format("<text text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">", anchor, x, y))
        .append(Html.escape(text))
        .append("</text>\n");
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
