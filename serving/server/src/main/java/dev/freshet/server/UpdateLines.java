package dev.freshet.server;

import dev.freshet.trace.LiveFeed;
import dev.freshet.wire.WeightsAnswer;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Publishes the server's weight operations to the watchers of its page, as lines in the format of
 * the orchestrator's metrics, with the fields that a server knows.
 *
 * @param feed the page's events; empty if there is no page
 * @param wallClock dates the lines
 */
record UpdateLines(Optional<LiveFeed> feed, InstantSource wallClock) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Publishes an operation that succeeded, unless it only prepared weights. */
  void succeeded(String phase, WeightsAnswer answer) {
    if (feed.isEmpty() || phase.equals("prepare")) {
      return;
    }
    ObjectNode line = line("ok", answer.traceId());
    line.put("step", Long.parseLong(answer.weightVersion()));
    answer.times().totals().forEach(line::put);
    answer.times().phases().forEach(line.putObject("phases")::put);
    feed.get().lines(List.of(line.toString()));
  }

  /** Publishes an operation that failed; the weights before it keep serving. */
  void failed(String trace, String error) {
    feed.ifPresent(to -> to.lines(List.of(line("failed", trace).put("error", error).toString())));
  }

  private ObjectNode line(String status, String trace) {
    ObjectNode line = JSON.createObjectNode();
    line.put("role", "inference");
    line.put("kind", "update");
    line.put("time", wallClock.millis() / 1000.0);
    line.put("status", status);
    line.put("trace", trace);
    return line;
  }
}
