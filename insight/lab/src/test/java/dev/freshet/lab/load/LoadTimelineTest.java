package dev.freshet.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class LoadTimelineTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MILLI = 1_000_000L;

  @Test
  void aDisturbanceThatCostsNothingKeepsAllTokens() {
    LoadTimeline timeline = new LoadTimeline();
    for (int step = 0; step <= 100; step++) {
      add(timeline, step * 100L * MILLI, step * 4L);
    }

    assertThat(timeline.kept(List.of(disturbance(4900, 5100)))).isCloseTo(1, within(1e-9));
  }

  @Test
  void aDisturbanceWithoutTokensLosesThemFromItsSecond() {
    LoadTimeline timeline = new LoadTimeline();
    addEvenly(timeline, 0, 5000, 0);
    add(timeline, 5400 * MILLI, 501); // 400 ms without a token but one.
    addEvenly(timeline, 5400, 10_000, 501);

    double kept = timeline.kept(List.of(disturbance(5000, 5400)));

    assertThat(kept).isCloseTo(0.61, within(1e-3));
  }

  @Test
  void anUndisturbedSecondIsHalfASecondAwayFromEveryDisturbance() {
    LoadTimeline timeline = new LoadTimeline();
    addEvenly(timeline, 0, 1000, 0); // 100 a second here,
    add(timeline, 2000 * MILLI, 150); // 50 here,
    addEvenly(timeline, 2000, 4000, 150); // and 100 again.

    assertThat(timeline.undisturbed(List.of(disturbance(1500, 2500)))).isCloseTo(100, within(1e-9));
    assertThat(timeline.undisturbed(List.of(disturbance(1400, 2500), disturbance(3600, 3700))))
        .isNaN();
  }

  @Test
  void aDecodeStepThatLiesPartlyInTheSecondCountsForThatPart() {
    LoadTimeline timeline = new LoadTimeline();
    add(timeline, 0, 0);
    add(timeline, 4 * SECOND, 8);
    add(timeline, 6 * SECOND, 24);

    // Of the second around 4 s half lies in a step of 2 tokens a second, half in one of 8.
    assertThat(timeline.kept(List.of(disturbance(4000, 4000)))).isCloseTo(5.0 / 2, within(1e-9));
  }

  @Test
  void aReadingWithoutNewTokensIsInterpolated() {
    LoadTimeline timeline = new LoadTimeline();
    add(timeline, 0, 0);
    add(timeline, SECOND, 0); // In the middle of a step of two seconds.
    add(timeline, 2 * SECOND, 10);

    assertThat(timeline.tokensPerS(0, SECOND)).isCloseTo(5, within(1e-9));
    assertThat(timeline.tokensPerS(SECOND, 3 * SECOND)).isNaN();
  }

  @Test
  void aPartOfATimelineHasOnlyTheReadingsOfItsInterval() {
    LoadTimeline timeline = new LoadTimeline();
    addEvenly(timeline, 0, 5000, 0);

    LoadTimeline part = timeline.between(SECOND, 2 * SECOND);

    assertThat(part.tokensPerS(SECOND, 2 * SECOND)).isCloseTo(100, within(1e-9));
    assertThat(part.tokensPerS(SECOND, 3 * SECOND)).isNaN();
    assertThat(part.readings()).hasSize(101);
  }

  @Test
  void withoutTokensOrDisturbancesTheShareIsNaN() {
    LoadTimeline empty = new LoadTimeline();
    LoadTimeline flowing = new LoadTimeline();
    addEvenly(flowing, 0, 3000, 0);

    assertThat(empty.kept(List.of(disturbance(0, 1)))).isNaN();
    assertThat(flowing.kept(List.of())).isNaN();
  }

  /** A token every 10 ms after {@code fromMs}, up to {@code toMs}. */
  private static void addEvenly(LoadTimeline timeline, long fromMs, long toMs, long tokens) {
    for (long ms = fromMs; ms <= toMs; ms += 10) {
      add(timeline, ms * MILLI, tokens + (ms - fromMs) / 10);
    }
  }

  private static void add(LoadTimeline timeline, long nanos, long tokens) {
    timeline.add(new LoadTimeline.Reading(nanos, tokens, 1));
  }

  private static LoadTimeline.Disturbance disturbance(long startMs, long endMs) {
    return new LoadTimeline.Disturbance(startMs * MILLI, endMs * MILLI);
  }
}
