package dev.freshet.lab.route;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
  private static final int STREAMS = 100;

  @Test
  void twoEventsOfEachStreamMayBeUnderWayAtTheEndsOfAWindow() {
    assertThat(Pace.keepsUp(2000, 0, 1800, STREAMS)).isTrue();
    assertThat(Pace.keepsUp(2000, 0, 2200, STREAMS)).isTrue();
  }

  @Test
  void aFrontThatFallsBehindDoesNotKeepUp() {
    assertThat(Pace.keepsUp(2000, 0, 1799, STREAMS)).isFalse();
  }

  @Test
  void aFrontThatCatchesUpDoesNotKeepUpYet() {
    assertThat(Pace.keepsUp(2000, 0, 2201, STREAMS)).isFalse();
  }

  @Test
  void anEventThatALateReaderHasLostIsNotKeptUpWith() {
    assertThat(Pace.keepsUp(2000, 1, 1999, STREAMS)).isFalse();
  }

  @Test
  void aLongWindowMayMissOnePercent() {
    assertThat(Pace.keepsUp(100_000, 0, 99_000, STREAMS)).isTrue();
    assertThat(Pace.keepsUp(100_000, 0, 98_999, STREAMS)).isFalse();
  }
}
