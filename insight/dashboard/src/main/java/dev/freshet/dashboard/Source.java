package dev.freshet.dashboard;

import dev.freshet.trace.LiveFeed;
import java.io.IOException;

/** Something that a dashboard tells of. Asked by its one thread. */
@FunctionalInterface
interface Source extends AutoCloseable {
  /** Whether it is to be asked again now. */
  default boolean isDue() {
    return true;
  }

  /** Tells {@code feed} what is new. What cannot be read now is asked for again. */
  void tell(LiveFeed feed) throws IOException;

  @Override
  default void close() {}
}
