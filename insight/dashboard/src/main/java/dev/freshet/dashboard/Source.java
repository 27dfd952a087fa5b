package dev.freshet.dashboard;

import dev.freshet.trace.LiveFeed;
import java.io.IOException;

/** A source of what a dashboard shows. Called by the dashboard's thread only. */
@FunctionalInterface
interface Source extends AutoCloseable {
  /** Whether {@link #publish} is due. */
  default boolean isDue() {
    return true;
  }

  /** Publishes what is new to {@code feed}. After a failure it is called again. */
  void publish(LiveFeed feed) throws IOException;

  @Override
  default void close() {}
}
