package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The diagnosis in one sentence. It begins with {@code healthy} only if nothing is wrong and there
 * was enough data.
 */
final class Verdict {
  private static final int FEW = 3;
  private static final double FAILED_SHARE = 0.05;

  private Verdict() {}

  static String of(Facts facts, List<Finding> findings, Analysis.Counts counts) {
    List<Finding> grave = findings.stream().filter(f -> f.severity() != Severity.GOOD).toList();
    if (!grave.isEmpty()) {
      return named(grave.getFirst())
          + ": "
          + grave.getFirst().what()
          + (grave.size() == 1
              ? ""
              : "; also "
                  + grave.stream().skip(1).map(Verdict::named).collect(Collectors.joining(", ")))
          + ".";
    }
    List<String> remarks = remarks(facts, findings, counts);
    if (!remarks.isEmpty()) {
      return "No signature fits, but " + String.join("; ", remarks) + ".";
    }
    Stats queue = facts.stats(LogMetric.QUEUE);
    Stats rpc = facts.stats(LogMetric.RPC);
    if (queue.count() == 0 || rpc.count() == 0) {
      return "Not enough data to judge weight updates: " + lacking(facts) + ".";
    }
    return Text.of(
        "healthy%s: %s with a queue_ms of %s and an rpc_ms of %s (medians), no sign of a bottleneck.",
        queue.count() < FEW ? " as far as so few updates show" : "",
        Text.count(counts.succeeded(), "update"),
        Text.ms(queue.p50()),
        Text.ms(rpc.p50()));
  }

  private static String named(Finding finding) {
    return "%s (%s)".formatted(finding.signature().label(), finding.severity().label());
  }

  private static String lacking(Facts facts) {
    List<String> lacking = new ArrayList<>();
    if (facts.stats(LogMetric.QUEUE).count() == 0) {
      lacking.add(
          facts.stats(LogMetric.WALL).count() > 0
              ? "queue_ms is unknown, because the servers do not report rpc_ms and none of their logs was"
                  + " read"
              : "queue_ms needs client.done lines, from the orchestrator's log");
    }
    if (facts.stats(LogMetric.RPC).count() == 0) {
      lacking.add("rpc_ms needs rpc.done lines, from the inference servers' logs");
    }
    return String.join("; ", lacking);
  }

  /** Metrics that are not good and that no signature explains. */
  static List<String> remarks(Facts facts, List<Finding> findings, Analysis.Counts counts) {
    List<String> remarks = new ArrayList<>();
    Set<Signature> found = findings.stream().map(Finding::signature).collect(Collectors.toSet());
    for (LogMetric metric : LogMetric.values()) {
      Stats stats = facts.stats(metric);
      if (stats.bad() >= Effect.SHARE
          && (stats.bad() * stats.count() > 1.5 || stats.count() == 1)
          && explanations(metric).stream().noneMatch(found::contains)
          && !explanations(metric).isEmpty()) {
        remarks.add(
            Text.of(
                "%s is not good in %s of %s",
                metric.label(), Text.percent(stats.bad()), Text.count(stats.count(), "value")));
      }
    }
    long ended = counts.succeeded() + counts.failed();
    if (counts.failed() > 0 && counts.failed() >= FAILED_SHARE * ended) {
      remarks.add(Text.of("%d of %d admin calls failed", counts.failed(), ended));
    }
    return remarks;
  }

  private static Set<Signature> explanations(LogMetric metric) {
    return switch (metric) {
      case QUEUE -> Set.of(Signature.FRONT_END_QUEUE);
      case RPC -> Set.of(Signature.ENGINE_RELOAD, Signature.RPC_TREND);
      case WRITE -> Set.of(Signature.CHECKPOINT_WRITE);
      case WAIT -> Set.of(Signature.CHECKPOINT_WAIT, Signature.CHECKPOINT_WRITE);
      case BATCH -> Set.of(Signature.CONTENTION);
      case TRUNCATION -> Set.of(Signature.ROLLOUT_QUALITY);
      case STALENESS -> Set.of(Signature.STALENESS);
      case RPC_RELOAD, WALL -> Set.of();
    };
  }
}
