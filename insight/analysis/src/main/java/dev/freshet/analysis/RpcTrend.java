package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An engine that gets slower: rpc_ms of updates rises over the longest run, significantly (one in a
 * thousand), by at least a quarter and by at least a twentieth of the good bound.
 */
final class RpcTrend {
  private static final int FEWEST = 8;
  private static final double SIGNIFICANT = 3.2;
  private static final double GROWTH = 0.25;
  private static final double PART_OF_GOOD = 0.05;
  private static final double GOOD_IF_UNKNOWN = 2000;

  /** Lines of the same moment may be in either order. */
  private static final double CLOCK_SLACK_S = 1;

  private RpcTrend() {}

  /** The trend of the longest run, if it has enough calls. */
  static Optional<Trend> trend(Facts facts) {
    double[] rpc = longestRun(facts).stream().mapToDouble(AdminCall::rpcMs).toArray();
    return rpc.length < FEWEST ? Optional.empty() : Optional.of(Trend.of(rpc));
  }

  /** The updates of the longest run, by time. */
  private static List<AdminCall> longestRun(Facts facts) {
    Map<String, List<AdminCall>> logs = new LinkedHashMap<>();
    for (AdminCall call : facts.calls) {
      if (!call.isReload() && !Double.isNaN(call.rpcMs())) {
        logs.computeIfAbsent(log(facts, call), _ -> new ArrayList<>()).add(call);
      }
    }
    return logs.values().stream()
        .flatMap(calls -> runs(facts, calls).stream())
        .max(Comparator.comparingInt(List::size))
        .orElse(List.of());
  }

  /**
   * The name of the log that a call is in, without the suffix that rotation appends to {@code
   * .log}.
   */
  private static String log(Facts facts, AdminCall call) {
    String name = facts.names.get(Math.max(call.clientSource, call.serverSource));
    if (call.clientSource >= 0) {
      name = facts.names.get(call.clientSource);
    }
    int end = name.lastIndexOf(".log");
    return end < 0 ? name : name.substring(0, end);
  }

  /** The calls of a log by time, split where its clock goes back. */
  private static List<List<AdminCall>> runs(Facts facts, List<AdminCall> calls) {
    boolean timed = calls.stream().noneMatch(call -> Double.isNaN(facts.times.sentMillis(call)));
    List<AdminCall> sorted =
        timed
            ? calls.stream()
                .sorted(Comparator.comparingDouble(call -> facts.times.sentMillis(call)))
                .toList()
            : calls;
    List<List<AdminCall>> runs = new ArrayList<>();
    double last = Double.POSITIVE_INFINITY;
    for (AdminCall call : sorted) {
      double clock = call.clientSource >= 0 ? call.sendT : call.recvT;
      if (runs.isEmpty() || clock < last - CLOCK_SLACK_S) {
        runs.add(new ArrayList<>());
      }
      last = Double.isNaN(clock) ? last : clock;
      runs.getLast().add(call);
    }
    return runs;
  }

  private static double good(Facts facts) {
    return facts.ranges.update().known() ? facts.ranges.update().good() : GOOD_IF_UNKNOWN;
  }

  static Optional<Finding> judge(Facts facts, Trend trend) {
    return trend.z() >= SIGNIFICANT
            && trend.growth() >= GROWTH * trend.start()
            && trend.growth() >= PART_OF_GOOD * good(facts)
        ? Optional.of(finding(facts, trend))
        : Optional.empty();
  }

  /** Whether rpc_ms was good before it rose. */
  static boolean beganWell(Facts facts, Trend trend) {
    return trend.start() < good(facts);
  }

  private static Finding finding(Facts facts, Trend trend) {
    List<AdminCall> run = longestRun(facts);
    double growth = trend.growth() / Math.max(trend.start(), 1);
    Confidence confidence =
        Confidence.of(Math.min(1, trend.z() / 8), 1 + 4 * growth, trend.count());
    Correlation load = facts.rpcLoad;
    return new Finding(
        Signature.RPC_TREND,
        facts.ranges.update().isCritical(trend.end()) ? Severity.CRITICAL : Severity.WARNING,
        (load.known() && load.spearman() >= 0.7 ? confidence.contradicts() : confidence).value(),
        Text.of(
            "rpc_ms rises over the run from %s to %s",
            Text.ms(trend.start()), Text.ms(trend.end())),
        List.of(
            Text.of(
                "The line through %d updates (Theil and Sen) goes from %s to %s; %.1f standard"
                    + " deviations beyond chance (Mann and Kendall).",
                trend.count(), Text.ms(trend.start()), Text.ms(trend.end()), trend.z()),
            load.known()
                ? Text.of("rpc_ms against completions in flight: Spearman %.2f.", load.spearman())
                : "Whether the load grew as well is unknown.",
            "The first: " + facts.evidence(run.getFirst()),
            "The last: " + facts.evidence(run.getLast())),
        "Something fills up or wears out: check the storage's free space and latency, the page cache,"
            + " and what the engine keeps of earlier versions; prune old checkpoints.");
  }
}
