package dev.freshet.dashboard;

import dev.freshet.trace.LiveFeed;
import java.io.IOException;

/** A source that costs so much that it is asked only while somebody watches. */
record WatchedSource(Source source) implements Source {
  @Override
  public void tell(LiveFeed feed) throws IOException {
    if (feed.watched()) {
      source.tell(feed);
    }
  }

  @Override
  public void close() {
    source.close();
  }
}
