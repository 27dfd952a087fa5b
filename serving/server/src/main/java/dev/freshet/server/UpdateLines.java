package dev.freshet.server;

import dev.freshet.trace.LiveFeed;
import dev.freshet.wire.WeightsAnswer;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Tells those who watch the server's page of its weight operations, in the form of the
 * orchestrator's lines in its metrics as far as a server knows of them.
 */
record UpdateLines(Optional<LiveFeed> feed) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** An operation that brought weights to serve, or prepared them, has been answered. */
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

  /** An operation failed; the weights before it serve on. */
  void failed(String trace, String error) {
    feed.ifPresent(to -> to.lines(List.of(line("failed", trace).put("error", error).toString())));
  }

  private static ObjectNode line(String status, String trace) {
    ObjectNode line = JSON.createObjectNode();
    line.put("role", "inference");
    line.put("kind", "update");
    line.put("time", System.currentTimeMillis() / 1000.0);
    line.put("status", status);
    line.put("trace", trace);
    return line;
  }
}
