package dev.freshet.analysis;

import dev.freshet.analysis.read.PartMillis;
import dev.freshet.trace.UpdatePart;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What logs say, at one moment.
 *
 * @param inputs the logs
 * @param stats the distribution of every metric, of none where it does not occur
 * @param ranges what they were judged by
 * @param asyncLevel what staleness was judged by, in words
 * @param findings the gravest and surest first
 * @param verdict one sentence
 * @param notes what else is to be known: clocks, repeats, runs, what is missing, a sentence each
 * @param counts of calls
 * @param updates the calls kept that succeeded, in the order of time as far as it is known
 * @param moments the pipeline's other events, likewise
 * @param begun batches and waits that had begun and not ended at the end of the logs
 * @param calls every call kept, also failed and unfinished ones, likewise
 * @param loads how many completions were in flight when, by time; those without a time are left out
 * @param correlations of queue_ms and rpc_ms with the completions in flight
 * @param trend of rpc_ms over the longest run
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
    Optional<Trend> trend) {

  /**
   * A log.
   *
   * @param bytes read, after decompression
   * @param events tagged lines of the format
   * @param strange tagged lines that are not, or have figures that cannot be true
   */
  public record Input(String name, long bytes, long lines, long events, long strange) {}

  /**
   * Admin calls.
   *
   * @param succeeded updates and reloads
   * @param unfinished that have neither an end on the server nor on the client
   * @param queueUnknown of those that succeeded
   */
  public record Counts(long succeeded, long failed, long unfinished, long queueUnknown) {}

  /**
   * A call that succeeded. Milliseconds; NaN where it is not known.
   *
   * @param millis when it was sent, on the common axis
   * @param order among all events
   * @param server whom it was sent to, as the log has it; empty if it does not say
   * @param where its line
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
   * A batch or a wait that has not ended.
   *
   * @param metric what its end would be a figure of
   * @param value the step that is awaited, or how many completions are collected
   */
  public record Begun(double millis, String where, LogMetric metric, double value) {}

  /**
   * How many completions were in flight from then on.
   *
   * @param millis on the common axis
   * @param targetBatch how many the batch that begins then collects; NaN if none begins
   */
  public record Load(double millis, double inflight, double targetBatch) {}

  /** The gravest finding's severity; good if there is none. */
  public Severity severity() {
    return findings.stream()
        .map(Finding::severity)
        .max(Comparator.naturalOrder())
        .orElse(Severity.GOOD);
  }

  /** Equal for two analyses that say the same, be it with other figures. */
  public String state() {
    String found =
        findings.stream()
            .filter(finding -> finding.severity() != Severity.GOOD)
            .map(finding -> finding.signature().label() + " " + finding.severity().label())
            .sorted()
            .collect(Collectors.joining(", "));
    return found.isEmpty() ? verdict.split("[:,]", 2)[0] : found;
  }

  /** Whether there was anything to analyse. */
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
