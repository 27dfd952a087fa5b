package dev.freshet.dashboard;

import dev.freshet.trace.LiveFeed;
import java.io.IOException;

/** An expensive source: it publishes only while a browser is connected. */
record WatchedSource(Source source) implements Source {
  @Override
  public void publish(LiveFeed feed) throws IOException {
    if (feed.watched()) {
      source.publish(feed);
    }
  }

  @Override
  public void close() {
    source.close();
  }
}
