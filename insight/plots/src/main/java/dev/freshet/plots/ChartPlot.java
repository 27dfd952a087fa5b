package dev.freshet.plots;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws a {@link Plot} as an XChart chart, for PNG. */
final class ChartPlot {
  private static final float DASH = 6;
  private static final int SPAN_ALPHA = 80;
  private static final int BAD_ALPHA = 170;
  private static final int BAND_ALPHA = 90;

  /** The minimum width of a span, as a share of the axis. */
  private static final double MIN_SPAN = 0.002;

  private static final int TICKS = 9;

  /** Relative difference below which a value equals a tick. */
  private static final double TICK_TOLERANCE = 1e-6;

  /** How far below the beginning of the axis names are drawn, as a share of the axis. */
  private static final double NAME_DROP = 0.05;

  /** Where along the axis the name of a mark is chartPlot. */
  private static final double MARK_NAME = 0.97;

  private static final BasicStroke DOTS =
      new BasicStroke(1, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {2, 4}, 0);
  private static final Color GRID = new Color(0xe3e7f0);

  private final Plot plot;
  private final Scale x;
  private final Scale y;
  private final XYChart chart;

  private ChartPlot(Plot plot, int width, int height) {
    this.plot = plot;
    this.x = plot.scaleX();
    this.y = plot.scaleY();
    this.chart =
        new XYChartBuilder()
            .width(width)
            .height(height)
            .title(plot.title())
            .xAxisTitle(plot.x().title())
            .yAxisTitle(plot.y().title())
            .build();
  }

  /** The chart. */
  static XYChart of(Plot plot, int width, int height) {
    ChartPlot chartPlot = new ChartPlot(plot, width, height);
    chartPlot.style(chartPlot.chart.getStyler());
    chartPlot.spans();
    chartPlot.marks();
    plot.series().forEach(series -> chartPlot.add(series, 0));
    plot.right().ifPresent(chartPlot::right);
    return chartPlot.chart;
  }

  private void style(XYStyler styler) {
    styler.setBaseFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 16));
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setChartTitleBoxVisible(false);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setChartFontColor(colour(Tone.TEXT));
    styler.setAxisTickLabelsColor(colour(Tone.SOFT));
    styler.setPlotBorderVisible(false);
    styler.setPlotGridLinesColor(GRID);
    styler.setPlotGridLinesStroke(new BasicStroke(1));
    styler.setAxisTicksLineVisible(false);
    styler.setAxisTicksMarksVisible(false);
    styler.setPlotContentSize(0.98);
    styler.setLegendPosition(Styler.LegendPosition.OutsideS);
    styler.setLegendLayout(Styler.LegendLayout.Horizontal);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setAntiAlias(true);
    styler.setAnnotationTextFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    styler.setAnnotationTextFontColor(colour(Tone.SOFT));
    styler.setMarkerSize(9);
    styler.setXAxisLogarithmic(x.isLogarithmic());
    styler.setYAxisLogarithmic(y.isLogarithmic());
    styler.setXAxisLogarithmicDecadeOnly(false);
    styler.setYAxisLogarithmicDecadeOnly(false);
    styler.setXAxisMin(x.from());
    styler.setXAxisMax(x.to());
    styler.setYAxisMin(y.from());
    styler.setYAxisMax(y.to());
    styler.setDecimalPattern("#,##0.###");
    if (x.isLogarithmic()) {
      chart.setCustomXAxisTickLabelsFormatter(label(x));
    }
    if (y.isLogarithmic()) {
      chart.setCustomYAxisTickLabelsFormatter(label(y));
    }
    if (x.axis() instanceof Axis.Named(_, List<String> names)) {
      names(names);
    }
  }

  /** Labels a logarithmic axis at the scale's ticks only. */
  private static Function<Double, String> label(Scale scale) {
    List<Scale.Tick> ticks = scale.ticks(TICKS);
    return value ->
        ticks.stream()
            .filter(tick -> Math.abs(value / tick.value() - 1) < TICK_TOLERANCE)
            .map(Scale.Tick::label)
            .findFirst()
            .orElse(" ");
  }

  /** Draws names as annotations below the data, because XChart labels ticks with numbers only. */
  private void names(List<String> names) {
    chart.getStyler().setXAxisTicksVisible(false);
    chart.getStyler().setPlotGridVerticalLinesVisible(false);
    chart.getStyler().setYAxisMin(y.at(-2 * NAME_DROP));
    for (int i = 0; i < names.size(); i++) {
      chart.addAnnotation(new AnnotationText(names.get(i), i, y.at(-NAME_DROP), false));
    }
  }

  private void right(Plot.Right right) {
    Scale scale = Plot.scale(right.axis(), right.series());
    chart.getStyler().setYAxisGroupPosition(1, Styler.YAxisPosition.Right);
    chart.getStyler().setYAxisMin(1, scale.from());
    chart.getStyler().setYAxisMax(1, scale.to());
    chart.setYAxisGroupTitle(1, right.axis().title());
    right.series().forEach(series -> add(series, 1));
  }

  private void spans() {
    Span.Rows rows = Span.Rows.of(plot.spans());
    double min = (x.to() - x.from()) * MIN_SPAN;
    Set<String> named = new HashSet<>();
    for (int i = 0; i < plot.spans().size(); i++) {
      Span span = plot.spans().get(i);
      double to = Math.max(span.to(), span.from() + min);
      double height = (y.to() - y.from()) / rows.count();
      double top = y.to() - rows.rows()[i] * height;
      double bottom = top - height * (rows.count() > 1 ? 0.9 : 1);
      XYSeries area =
          chart.addSeries(
              "span " + i,
              new double[] {span.from(), to, to, span.from(), span.from()},
              new double[] {bottom, bottom, top, top, bottom});
      area.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
      area.setLineStyle(new BasicStroke(0));
      area.setLineColor(new Color(0, true));
      area.setFillColor(colour(span.tone(), span.tone() == Tone.BAD ? BAD_ALPHA : SPAN_ALPHA));
      area.setMarker(SeriesMarkers.NONE);
      area.setLabel(span.name());
      area.setShowInLegend(named.add(span.name()));
    }
  }

  private void marks() {
    for (Plot.Mark mark : plot.marks()) {
      if (y.place(mark.value()) >= 0 && y.place(mark.value()) <= 1) {
        XYSeries line =
            chart.addSeries(
                "mark " + mark.name(),
                new double[] {x.from(), x.to()},
                new double[] {mark.value(), mark.value()});
        line.setLineStyle(DOTS);
        line.setLineColor(colour(Tone.SOFT));
        line.setMarker(SeriesMarkers.NONE);
        line.setShowInLegend(false);
        chart.addAnnotation(
            new AnnotationText(
                mark.name(), x.at(MARK_NAME), y.at(y.place(mark.value()) + 0.03), false));
      }
    }
  }

  private void add(Series series, int axis) {
    if (series.isEmpty()) {
      return;
    }
    XYSeries line =
        chart.addSeries(
            "series " + chart.getSeriesCollection().size(),
            within(x, series.x()),
            within(y, series.y()));
    boolean points = series.stroke() == Series.Stroke.POINTS;
    line.setXYSeriesRenderStyle(points ? XYSeriesRenderStyle.Scatter : XYSeriesRenderStyle.Line);
    line.setMarker(points ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    line.setMarkerColor(colour(series.tone()));
    line.setLineStyle(stroke(series.stroke()));
    line.setLineColor(
        series.stroke() == Series.Stroke.BAND
            ? colour(series.tone(), BAND_ALPHA)
            : colour(series.tone()));
    line.setLabel(series.name());
    line.setShowInLegend(!series.name().isEmpty());
    line.setYAxisGroup(axis);
  }

  /**
   * Raises values to the beginning of a logarithmic axis: XChart draws no chart at all with others.
   */
  private static double[] within(Scale scale, double[] values) {
    return scale.isLogarithmic()
        ? Arrays.stream(values).map(v -> v < scale.from() ? scale.from() : v).toArray()
        : values;
  }

  private static BasicStroke stroke(Series.Stroke stroke) {
    return switch (stroke) {
      case POINTS, LINE -> new BasicStroke(2.2f);
      case DASHES ->
          new BasicStroke(
              2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {DASH, DASH}, 0);
      case HAIR -> new BasicStroke(1);
      case BAND -> new BasicStroke(10, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND);
    };
  }

  private static Color colour(Tone tone) {
    return new Color(tone.light());
  }

  private static Color colour(Tone tone, int alpha) {
    return new Color(tone.light() | alpha << 24, true);
  }
}
