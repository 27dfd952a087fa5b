package dev.freshet.dashboard;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.analysis.FollowedLogs;
import dev.freshet.analysis.Severity;
import dev.freshet.trace.LiveFeed;
import dev.freshet.trace.MonotonicClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The diagnosis of a live run's logs so far. Includes logs that appear later; after a failure it
 * starts again from the beginning of the logs. Owns the logs that it follows; used by one thread.
 */
final class RunVerdict implements Source {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path logs;
  private final AnalyzeOptions options;
  private Optional<FollowedLogs> followed = Optional.empty();

  RunVerdict(Path logs, AnalyzeOptions options) {
    this.logs = logs;
    this.options = options;
  }

  @Override
  public void publish(LiveFeed feed) {
    try {
      if (followed.isEmpty() && Files.isDirectory(logs)) {
        followed = Optional.of(new FollowedLogs(options, List.of(logs), MonotonicClock.SYSTEM));
      }
      followed
          .filter(FollowedLogs::poll)
          .map(FollowedLogs::analysis)
          .filter(analysis -> !analysis.isEmpty())
          .ifPresent(analysis -> feed.state("verdict", json(analysis)));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static String json(Analysis analysis) {
    ObjectNode node = JSON.createObjectNode();
    node.put("severity", analysis.severity().label());
    node.put("text", analysis.verdict());
    ArrayNode findings = node.putArray("findings");
    analysis.findings().stream()
        .filter(finding -> finding.severity() != Severity.GOOD)
        .forEach(
            finding ->
                findings
                    .addObject()
                    .put("signature", finding.signature().label())
                    .put("severity", finding.severity().label())
                    .put("advice", finding.advice()));
    return node.toString();
  }

  @Override
  public void close() {
    followed.ifPresent(FollowedLogs::close);
    followed = Optional.empty();
  }
}
