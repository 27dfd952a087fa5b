package dev.freshet.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trace.LiveFeed;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PacedSourceTest {
  private long now = 17;

  @Test
  void aSourceIsDueAtOnceAndThenOncePerPace() throws Exception {
    PacedSource source = new PacedSource(Duration.ofSeconds(2), _ -> {}, () -> now);
    assertThat(source.isDue()).isTrue();

    source.publish(new LiveFeed());
    assertThat(source.isDue()).isFalse();
    now += Duration.ofMillis(1999).toNanos();
    assertThat(source.isDue()).isFalse();
    now += Duration.ofMillis(1).toNanos();
    assertThat(source.isDue()).isTrue();
  }
}
