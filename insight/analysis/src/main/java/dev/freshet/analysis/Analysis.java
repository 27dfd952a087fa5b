package dev.freshet.analysis;

import dev.freshet.analysis.read.PartMillis;
import dev.freshet.analysis.read.TagScanner;
import dev.freshet.trace.UpdatePart;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The result of an analysis of logs, as far as they were read.
 *
 * @param inputs the logs
 * @param stats the distribution of every metric; count 0 for one that does not occur
 * @param ranges the ranges they were judged by
 * @param asyncLevel the bound on staleness, in words
 * @param findings by severity, then by confidence
 * @param verdict one sentence
 * @param notes clocks, duplicates, runs, missing metrics: a sentence each
 * @param counts of calls
 * @param updates the successful calls that are kept, by time where that is known
 * @param moments the other events of the pipeline, in the same order
 * @param begun batches and waits without an end
 * @param calls every call that is kept, also failed and unfinished ones, in the same order
 * @param loads completions in flight over time; those without a time are left out
 * @param correlations of queue_ms and rpc_ms with the completions in flight
 * @param trend of rpc_ms over the longest run
 * @param fleet the updates and states of the servers of a fleet
 * @param times what every role, and every server, did with its time
 */
public record Analysis(
    List<Input> inputs,
    Map<LogMetric, Stats> stats,
    Ranges ranges,
    String asyncLevel,
    List<Finding> findings,
    String verdict,
    List<String> notes,
    Counts counts,
    List<Update> updates,
    List<Moment> moments,
    List<Begun> begun,
    List<TracedCall> calls,
    List<Load> loads,
    List<Correlation> correlations,
    Optional<Trend> trend,
    FleetHistory fleet,
    List<TimeShares> times) {

  /**
   * A log.
   *
   * @param bytes read, after decompression
   * @param events tagged lines of the format
   * @param malformed tags that begin no event, and events with an invalid figure
   * @param firstMalformed the first of the former
   */
  public record Input(
      String name,
      long bytes,
      long lines,
      long events,
      long malformed,
      Optional<TagScanner.Malformed> firstMalformed) {}

  /**
   * Admin calls.
   *
   * @param succeeded updates and reloads
   * @param unfinished those without rpc.done and client.done
   * @param queueUnknown successful calls whose queue_ms is unknown
   */
  public record Counts(long succeeded, long failed, long unfinished, long queueUnknown) {}

  /**
   * A successful call. Durations in milliseconds; NaN where unknown.
   *
   * @param millis when it was sent, on the common time axis
   * @param order its position among all events
   * @param server the URL it was sent to; empty if the log does not have it
   * @param where its line, as {@code file:line}
   * @param gapMs client.send to server.recv
   */
  public record Update(
      String trace,
      String op,
      double millis,
      long order,
      String server,
      String where,
      PartMillis parts,
      double gapMs,
      double inflight) {

    /** How long a part took; NaN if it is unknown. */
    public double ms(UpdatePart part) {
      return parts.ms(part);
    }

    public double wallMs() {
      return ms(UpdatePart.WALL);
    }

    public double queueMs() {
      return ms(UpdatePart.QUEUE);
    }

    public double rpcMs() {
      return ms(UpdatePart.RPC);
    }
  }

  /**
   * A checkpoint, a wait, a batch or a batch's quality.
   *
   * @param step NaN for a batch
   */
  public record Moment(
      double millis, long order, String where, LogMetric metric, double value, double step) {}

  /**
   * A batch or a wait without an end.
   *
   * @param metric the metric that its end would add to
   * @param value the step waited for, or the number of completions to collect
   */
  public record Begun(double millis, String where, LogMetric metric, double value) {}

  /**
   * The number of completions in flight from a time on.
   *
   * @param millis on the common axis
   * @param targetBatch the size of the batch that begins then; NaN if none begins
   */
  public record Load(double millis, double inflight, double targetBatch) {}

  /** The highest severity of the findings; good without findings. */
  public Severity severity() {
    return findings.stream()
        .map(Finding::severity)
        .max(Comparator.naturalOrder())
        .orElse(Severity.GOOD);
  }

  /** Equal for two analyses with the same findings, also if their figures differ. */
  public String state() {
    String found =
        findings.stream()
            .filter(finding -> finding.severity() != Severity.GOOD)
            .map(finding -> finding.signature().label() + " " + finding.severity().label())
            .sorted()
            .collect(Collectors.joining(", "));
    return found.isEmpty() ? verdict.split("[:,]", 2)[0] : found;
  }

  /** Whether the logs had no event. */
  public boolean isEmpty() {
    return inputs.stream().allMatch(input -> input.events() == 0);
  }

  /** The updates that took longest. */
  public List<Update> slowest(int most) {
    return updates.stream()
        .sorted(Comparator.comparingDouble(Analysis::durationMs).reversed())
        .limit(most)
        .toList();
  }

  private static double durationMs(Update update) {
    return Double.isNaN(update.wallMs())
        ? Math.max(0, Double.isNaN(update.rpcMs()) ? update.queueMs() : update.rpcMs())
        : update.wallMs();
  }
}
