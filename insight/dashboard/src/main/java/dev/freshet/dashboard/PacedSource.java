package dev.freshet.dashboard;

import dev.freshet.trace.LiveFeed;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.time.Duration;

/** A source that publishes at most once per {@code pace}, the first time at once. */
final class PacedSource implements Source {
  private final Duration pace;
  private final Source source;
  private final MonotonicClock clock;
  private long publishedNanos;

  PacedSource(Duration pace, Source source, MonotonicClock clock) {
    this.pace = pace;
    this.source = source;
    this.clock = clock;
    this.publishedNanos = clock.nanos() - pace.toNanos();
  }

  @Override
  public boolean isDue() {
    return clock.nanos() - publishedNanos >= pace.toNanos() && source.isDue();
  }

  @Override
  public void publish(LiveFeed feed) throws IOException {
    publishedNanos = clock.nanos();
    source.publish(feed);
  }

  @Override
  public void close() {
    source.close();
  }
}
