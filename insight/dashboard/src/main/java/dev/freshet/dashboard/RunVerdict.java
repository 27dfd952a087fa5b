package dev.freshet.dashboard;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.analysis.FollowedLogs;
import dev.freshet.analysis.Severity;
import dev.freshet.plots.LabException;
import dev.freshet.trace.LiveFeed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the logs of a live run say so far. Logs that appear later are taken in as they come. Owns
 * the logs that it follows; used by one thread.
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
  public void tell(LiveFeed feed) {
    try {
      if (followed.isEmpty() && Files.isDirectory(logs)) {
        followed = Optional.of(new FollowedLogs(options, List.of(logs)));
      }
      followed
          .filter(FollowedLogs::poll)
          .map(FollowedLogs::analysis)
          .filter(analysis -> !analysis.isEmpty())
          .ifPresent(analysis -> feed.state("verdict", json(analysis)));
    } catch (LabException e) {
      close();
      feed.state("verdict", unreadable(String.valueOf(e.getMessage())));
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

  private static String unreadable(String why) {
    return JSON.createObjectNode()
        .put("severity", "unknown")
        .put("text", "The logs cannot be read: " + why)
        .toString();
  }

  @Override
  public void close() {
    followed.ifPresent(FollowedLogs::close);
    followed = Optional.empty();
  }
}
