package dev.freshet.dashboard;

import dev.freshet.metrics.MetricsReader;
import dev.freshet.trace.LiveFeed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Passes the lines of a run's metrics to the feed as they are written, by whichever process. */
final class RunLines implements Source {
  /** The most that is read of a file that exists when the dashboard starts. */
  private static final long TAIL_BYTES = 32L << 20;

  /** The most lines passed at once, so that reading long files needs little memory. */
  private static final int MOST_AT_ONCE = 1000;

  private final MetricsReader reader;
  private final List<String> lines = new ArrayList<>();
  private volatile long newestStep = -1;

  RunLines(Path run) {
    this.reader = new MetricsReader(run, TAIL_BYTES);
  }

  /** The step of the newest batch; -1 while there is none. */
  long newestStep() {
    return newestStep;
  }

  @Override
  public void publish(LiveFeed feed) throws IOException {
    reader.read(line -> add(feed, line));
    pass(feed);
  }

  private void add(LiveFeed feed, JsonNode line) {
    if (line.path("kind").asString("").equals("step")) {
      newestStep = Math.max(newestStep, line.path("step").asLong(-1));
    }
    lines.add(line.toString());
    if (lines.size() == MOST_AT_ONCE) {
      pass(feed);
    }
  }

  private void pass(LiveFeed feed) {
    feed.lines(lines);
    lines.clear();
  }
}
