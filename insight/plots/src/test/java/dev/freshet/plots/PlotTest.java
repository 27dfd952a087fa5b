package dev.freshet.plots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlotTest {
  @TempDir Path dir;

  private static Series line(Series.Stroke stroke, double[] x, double[] y) {
    return new Series("a", Tone.FIRST, stroke, x, y);
  }

  private static Plot plot(Series... series) {
    return Plot.of(
        "title",
        "what it shows",
        new Axis.Linear("s", 0, 0),
        new Axis.Linear("ms", 0, 0),
        List.of(series));
  }

  private static Span span(double from, double to) {
    return new Span("span", Tone.FIRST, from, to, "what it was");
  }

  @Test
  void aLongSeriesKeepsTheMinimumAndMaximumOfEveryStretchInOrder() {
    double[] x = IntStream.range(0, 100_000).mapToDouble(i -> i).toArray();
    double[] y = Arrays.stream(x).map(at -> Math.sin(at / 10_000)).toArray();
    y[4321] = 50;
    y[77_777] = -50;

    Series drawn = plot(line(Series.Stroke.LINE, x, y)).series().getFirst();

    assertThat(drawn.x()).hasSizeBetween(500, Series.MAX_POINTS).isSorted();
    assertThat(drawn.y()).contains(50, -50);
  }

  @Test
  void aShortSeriesIsUnchanged() {
    double[] x = {0, 1, 2};
    double[] y = {3, Double.NaN, 4};

    assertThat(plot(line(Series.Stroke.LINE, x, y)).series().getFirst().y()).containsExactly(y);
    assertThat(plot(line(Series.Stroke.POINTS, x, y)).series().getFirst().y())
        .containsExactly(3, 4);
  }

  @Test
  void aLineIsInterruptedWhereAPointIsNotFinite() {
    String svg =
        SvgPlot.of(
            plot(
                line(
                    Series.Stroke.LINE,
                    new double[] {0, 1, 2, 3, 4},
                    new double[] {1, 2, Double.NaN, 3, 1})));

    Matcher path = Pattern.compile("class=\"line first\" d=\"([^\"]+)\"").matcher(svg);
    assertThat(path.find()).isTrue();
    assertThat(path.group(1)).matches("M[\\d. ]+L[\\d. ]+M[\\d. ]+L[\\d. ]+");
  }

  @Test
  void aStepLineHoldsEachValueUntilTheNext() {
    Series steps =
        Series.steps(
            "a", Tone.FIRST, Series.Stroke.LINE, new double[] {1, 3, 4}, new double[] {5, 6, 7});

    assertThat(steps.x()).containsExactly(1, 3, 3, 4, 4);
    assertThat(steps.y()).containsExactly(5, 5, 6, 6, 7);
  }

  @Test
  void overlappingSpansGetRowsOfTheirOwnAndOthersShareARow() {
    Span.Rows rows = Span.Rows.of(List.of(span(0, 3), span(1, 2), span(2, 5), span(3, 4)));

    assertThat(rows.rows()).containsExactly(0, 1, 1, 0);
    assertThat(rows.count()).isEqualTo(2);
  }

  @Test
  void theNumberOfRowsIsBounded() {
    List<Span> spans = IntStream.range(0, 10_000).mapToObj(i -> span(i, i + 5000)).toList();

    assertThat(Span.Rows.of(spans).count()).isEqualTo(Span.Rows.MAX);
  }

  @Test
  void aSpanIsAsWideAsItLastedButNeverTooNarrowToSee() {
    String svg =
        SvgPlot.of(
            plot(line(Series.Stroke.LINE, new double[] {0, 100}, new double[] {0, 1}))
                .spans(List.of(span(0, 50), span(60, 60.001))));

    Matcher widths =
        Pattern.compile("<rect class=\"span first\"[^>]* width=\"([\\d.]+)\"").matcher(svg);
    assertThat(widths.results().map(width -> Double.parseDouble(width.group(1))))
        .satisfiesExactly(
            wide -> assertThat(wide).isGreaterThan(150), thin -> assertThat(thin).isEqualTo(1.5));
  }

  @Test
  void textOfAPlotIsEscaped() {
    String hostile = "</text><script>'\"&";
    Series series =
        new Series(
            hostile, Tone.FIRST, Series.Stroke.LINE, new double[] {0, 1}, new double[] {0, 1});
    Axis axis = new Axis.Linear(hostile, 0, 0);

    String svg =
        SvgPlot.of(
            Plot.of(hostile, hostile, axis, axis, List.of(series))
                .right(axis, List.of(series))
                .marks(List.of(new Plot.Mark(0.5, hostile)))
                .spans(List.of(new Span(hostile, Tone.BAD, 0, 1, hostile))));

    assertThat(svg)
        .doesNotContain("<script")
        .contains("&lt;/text&gt;&lt;script&gt;&#39;&quot;&amp;");
  }

  @Test
  void aMarkOutsideTheAxisIsNotDrawn() {
    Plot plot = plot(line(Series.Stroke.LINE, new double[] {0, 1}, new double[] {0, 10}));

    assertThat(SvgPlot.of(plot.marks(List.of(new Plot.Mark(5, "good up to here")))))
        .contains("good up to here");
    assertThat(SvgPlot.of(plot.marks(List.of(new Plot.Mark(11, "good up to here")))))
        .doesNotContain("good up to here");
  }

  @Test
  void aPlotWithoutAPointIsEmptyAndLeftOutOfAPage() {
    Plot empty = plot(line(Series.Stroke.POINTS, new double[] {1}, new double[] {Double.NaN}));

    assertThat(empty.isEmpty()).isTrue();
    assertThat(Html.section("Plots", Html.plots(List.of(empty)))).isEmpty();
  }

  @Test
  void valuesOfZeroOrLessAreDrawnAtTheBeginningOfALogarithmicAxis() throws Exception {
    Axis ms = new Axis.Logarithmic("ms");
    double[] values = {-1, 0, Double.NaN, 1, 100};
    Plot plot =
        Plot.of(
            "title", "what it shows", ms, ms, List.of(line(Series.Stroke.LINE, values, values)));
    Path file = dir.resolve("x.png");

    PngSheet.write("title", "text", List.of(List.of(plot)), file);

    assertThat(ImageIO.read(file.toFile()).getWidth()).isEqualTo(PngSheet.WIDTH);
    assertThat(SvgPlot.of(plot)).doesNotContain("NaN", "Infinity");
  }

  @Test
  void anImageThatCannotBeWrittenFailsWithTheNameOfTheFile() {
    Path file = dir.resolve("absent/x.png");

    assertThatThrownBy(
            () ->
                PngSheet.write(
                    "title",
                    "text",
                    List.of(
                        List.of(
                            plot(
                                line(
                                    Series.Stroke.LINE,
                                    new double[] {0, 1},
                                    new double[] {0, 1})))),
                    file))
        .isInstanceOf(PlotException.class)
        .hasMessageStartingWith(file + ": cannot be written");
  }
}
