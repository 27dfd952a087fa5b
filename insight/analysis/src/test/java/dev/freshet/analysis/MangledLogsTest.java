package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.analysis.report.ComparisonReport;
import dev.freshet.analysis.report.StatsFiles;
import dev.freshet.analysis.report.TextReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged logs of a run always give a report with a verdict. */
class MangledLogsTest {
  private static final String[] FIGURES = {
    "-1", "0", "NaN", "1e300", "0.0", "999999999.0", "12", "3.5", "", "x"
  };

  @TempDir Path dir;

  @Test
  void everyMixOfLinesHasAReport() {
    Random random = new Random(17);
    Analysis before = AnalyzedLogs.analyze("");
    for (int round = 0; round < 120; round++) {
      SimulatedRun run = new SimulatedRun(round);
      run.steps = 1 + random.nextInt(20);
      run.serverAheadS = random.nextBoolean() ? 0 : random.nextGaussian() * 1000;
      SimulatedRun.Style[] styles = SimulatedRun.Style.values();
      run.styles.replaceAll((_, _) -> styles[random.nextInt(styles.length)]);
      run.run();
      String[] logs = new String[1 + random.nextInt(4)];
      for (int i = 0; i < logs.length; i++) {
        logs[i] = mangled(run, random);
      }

      Analysis analysis = AnalyzedLogs.analyze(logs);

      assertThat(analysis.verdict()).as("round %d", round).isNotEmpty().endsWith(".");
      assertThat(analysis.findings())
          .allSatisfy(
              finding -> {
                assertThat(finding.confidence()).isBetween(0.0, 1.0);
                assertThat(finding.what() + finding.evidence()).doesNotContain("Infinity");
              });
      assertThat(TextReport.of(analysis)).contains(analysis.verdict());
      assertThat(ComparisonReport.text("a", before, "b", analysis)).contains(analysis.verdict());
      assertThat(ComparisonReport.json(before, analysis)).contains("\"ratio\"");
      StatsFiles.write(analysis, dir);
      before = analysis;
    }
  }

  /** The lines of all roles or one, some lost, some twice, some with other figures, some moved. */
  private static String mangled(SimulatedRun run, Random random) {
    List<String> lines = new ArrayList<>();
    for (SimulatedRun.Role role : SimulatedRun.Role.values()) {
      if (random.nextInt(3) > 0) {
        lines.addAll(run.lines.getOrDefault(role, List.of()));
      }
    }
    List<String> kept = new ArrayList<>();
    int damage = random.nextInt(30);
    for (String line : lines) {
      if (random.nextInt(100) >= damage) {
        kept.add(line);
      } else if (random.nextBoolean()) {
        String figure = FIGURES[random.nextInt(FIGURES.length)];
        kept.add(line.replaceFirst("_(ms|pct|step)=[0-9.]+", "_$1=" + figure));
        kept.add(line.replaceFirst(" t=[0-9.]+", " t=" + figure));
      }
    }
    if (random.nextInt(4) == 0) {
      Collections.shuffle(kept, random);
    }
    return String.join("\n", kept);
  }
}
