package dev.freshet.dashboard;

import dev.freshet.trace.LiveFeed;
import java.io.IOException;
import java.time.Duration;

/** A source that is asked no more often than at a pace. */
final class PacedSource implements Source {
  private final Duration pace;
  private final Source source;
  private long toldNanos;

  PacedSource(Duration pace, Source source) {
    this.pace = pace;
    this.source = source;
    this.toldNanos = System.nanoTime() - pace.toNanos();
  }

  @Override
  public boolean isDue() {
    return System.nanoTime() - toldNanos >= pace.toNanos() && source.isDue();
  }

  @Override
  public void tell(LiveFeed feed) throws IOException {
    toldNanos = System.nanoTime();
    source.tell(feed);
  }

  @Override
  public void close() {
    source.close();
  }
}
