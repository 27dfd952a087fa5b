package dev.freshet.lab.lanes.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneTable;
import dev.freshet.lab.lanes.SimulatedLanes;
import dev.freshet.plots.Plot;
import dev.freshet.plots.Series;
import dev.freshet.plots.Span;
import dev.freshet.plots.Tone;
import java.awt.image.BufferedImage;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class LaneReportTest {
  @TempDir Path dir;

  private static LaneFigures figures(Integer... streams) {
    return new SimulatedLanes("a server", true, Optional.empty()).figures(streams);
  }

  private static String page(LaneFigures figures) {
    return LaneHtml.of(figures, LaneTable.words(figures.plan()));
  }

  private static LaneFigures failing(String target, String error) {
    return new SimulatedLanes(target, true, Optional.of(error)).figures(150);
  }

  @Test
  void thePageBeginsWithTheRatioOfTheLanes() {
    String page = page(figures(50, 150));

    assertThat(page)
        .containsPattern(
            "<p class=\"verdict \">An update waits [\\d,.]+ times as long in the streams&#39; pool:"
                + " queue_ms p50 [\\d,.]+ ms shared, [\\d.]+ ms dedicated, with 150 streams\\.</p>")
        .contains("Completions of 58 tokens, closed loop, 20 updates, one due every 1000 ms")
        .contains("<td>queue_ms, 150 streams over idle</td>", "coordinated omission");
  }

  @Test
  void thePageIsSelfContainedAndHasNoScript() {
    assertThat(page(figures(0, 150)))
        .startsWith("<!DOCTYPE html>")
        .doesNotContain("<script", "http", "<link", "src=", "href", "@import", "url(", "NaN");
  }

  @Test
  void everyPlotIsWellFormedAndHasATitleAndADescription() throws Exception {
    Matcher plots =
        Pattern.compile("<svg viewBox[^>]*role=\"img\">.*?</svg>", Pattern.DOTALL)
            .matcher(page(failing("x", "<&\"'>")));

    int count = 0;
    for (; plots.find(); count++) {
      var document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(plots.group())));
      assertThat(document.getElementsByTagName("title").item(0).getTextContent()).isNotBlank();
      assertThat(document.getElementsByTagName("desc").item(0).getTextContent()).isNotBlank();
    }
    assertThat(count).as("over streams, a distribution, two timelines").isEqualTo(4);
  }

  @Test
  void aHostileTargetAndAHostileErrorAreEscaped() {
    String page = page(failing("</title><script>a()</script>", "<img src=x onerror='b()'>"));

    assertThat(page)
        .doesNotContain("<script", "<img")
        .contains("&lt;/title&gt;&lt;script&gt;a()", "the first: &lt;img src=x onerror=&#39;b()");
  }

  @Test
  void anUpdateIsASpanFromDueToDoneAndAFailedOneHasAnotherColor() {
    LanePlots plots = LanePlots.of(failing("x", "refused"));

    Plot shared = plots.timelines().get(1);
    assertThat(shared.title()).isEqualTo("shared, 150 streams");
    assertThat(shared.spans()).hasSize(20);
    assertThat(shared.spans().get(1).from()).isEqualTo(1.0);
    assertThat(shared.spans())
        .extracting(Span::tone)
        .contains(Tone.SECOND)
        .containsOnlyOnce(Tone.BAD);
    assertThat(shared.spans().get(4).description()).endsWith("failed: refused");
    assertThat(longest(shared)).isGreaterThan(10 * longest(plots.timelines().getFirst()));
  }

  private static double longest(Plot plot) {
    return plot.spans().stream().mapToDouble(span -> span.to() - span.from()).max().orElseThrow();
  }

  @Test
  void theTimelinesOfBothLanesHaveTheSameAxes() {
    List<Plot> timelines = LanePlots.of(figures(150)).timelines();

    assertThat(timelines).hasSize(2);
    assertThat(timelines.get(0).y()).isEqualTo(timelines.get(1).y());
    assertThat(timelines.get(0).right().orElseThrow().axis())
        .isEqualTo(timelines.get(1).right().orElseThrow().axis());
    assertThat(timelines.get(0).x()).isEqualTo(timelines.get(1).x());
  }

  @Test
  void aDistributionRisesToAllUpdatesThatSucceeded() {
    Plot plot = LanePlots.of(failing("x", "refused")).distributions().getFirst();

    assertThat(plot.series())
        .extracting(Series::name)
        .containsExactly("dedicated", "shared", "dedicated, idle", "shared, idle");
    for (Series series : plot.series()) {
      assertThat(series.x()).isSorted();
      assertThat(series.y()).isSorted();
      assertThat(series.y()[0]).isZero();
      assertThat(series.y()[series.y().length - 1]).isEqualTo(100);
    }
  }

  @Test
  void withoutRpcMsThePageComparesWallTimeAndSaysSo() {
    String page = page(new SimulatedLanes("vLLM", false, Optional.empty()).figures(32));

    assertThat(page)
        .contains("An update takes ", "wall_ms p50", "does not report rpc_ms")
        .doesNotContain(">queue_ms<", "NaN");
  }

  @Test
  void oneLaneIsComparedWithItselfIdle() {
    LaneFigures figures =
        new SimulatedLanes("x", true, Optional.empty()).figures(List.of(Lane.DEDICATED), 150);

    assertThat(LaneResult.of(figures))
        .matches(
            "On the dedicated lane an update waits [\\d.]+ times as long with 150 streams as idle:.*");
    assertThat(page(figures)).doesNotContain("<td>queue_ms, idle", "NaN");
  }

  @Test
  void theImageHasEveryPlot() throws Exception {
    Path file = dir.resolve("bench.png");

    LanePng.write(figures(0, 50, 150), file);

    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(image.getWidth()).isEqualTo(1600);
    assertThat(image.getHeight()).as("four rows and a heading").isBetween(4 * 460, 4 * 460 + 200);
    int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, 1600);
    assertThat(Arrays.stream(pixels).map(pixel -> pixel & 0xffffff).distinct().boxed())
        .contains(0xffffff, 0x1c2330, 0x2563eb, 0xd97706);
    for (int row = 0; row < 4; row++) {
      int top = image.getHeight() - (4 - row) * 460;
      for (int left : new int[] {24, 800}) {
        int[] part = image.getRGB(left, top, 776, 460, null, 0, 776);
        assertThat(Arrays.stream(part).distinct().count())
            .as("row %d at %d", row, left)
            .isGreaterThan(20);
      }
    }
    assertThat(Files.size(file)).isLessThan(1 << 20);
  }
}
