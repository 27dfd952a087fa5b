package dev.freshet.analysis.timeline;

import dev.freshet.analysis.AnalysisException;
import dev.freshet.analysis.TracedCall;
import dev.freshet.analysis.read.PartMillis;
import dev.freshet.metrics.MetricsReader;
import dev.freshet.trace.Newest;
import dev.freshet.trace.UpdatePart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What a run's metrics contain beyond its logs: training steps, rewards, and the figures of updates
 * in full. Of each kind the newest {@link #MOST} lines are kept. Milliseconds; what a line lacks is
 * NaN.
 */
public final class RecordedMetrics {
  /** Of a run without metrics. */
  public static final RecordedMetrics NONE = new RecordedMetrics();

  static final int MOST = 1 << 16;

  private final Map<Long, Step> steps = new Newest<>(MOST);
  private final Map<Long, Batch> batches = new Newest<>(MOST);
  private final Map<String, Update> updates = new Newest<>(MOST);
  private long malformed;

  /** A training step, as the trainer recorded it. */
  record Step(
      double batchWaitMs,
      double stepMs,
      double loss,
      double entropy,
      double mismatchKl,
      double gradNorm,
      double tokens) {
    /** From the trainer's request for the batch to the start of the checkpoint write. */
    double beforeWriteMs() {
      return (batchWaitMs > 0 ? batchWaitMs : 0) + (stepMs > 0 ? stepMs : 0);
    }
  }

  /** A batch, as the orchestrator recorded it. */
  record Batch(double reward, double rollouts, double tokens) {}

  private record Update(double step, PartMillis parts) {}

  /**
   * Reads the metrics in a run's directory. Lines that are not whole or of other kinds are skipped.
   *
   * @throws AnalysisException if they cannot be read
   */
  public static RecordedMetrics read(Path run) {
    RecordedMetrics metrics = new RecordedMetrics();
    MetricsReader reader = new MetricsReader(run);
    try {
      reader.read(metrics::take);
    } catch (IOException e) {
      throw new AnalysisException(run + ": its metrics cannot be read: " + e.getMessage(), e);
    }
    metrics.malformed = reader.malformed();
    return metrics;
  }

  private void take(JsonNode line) {
    long step = line.path("step").asLong(-1);
    switch (line.path("kind").asString("")) {
      case "train" -> steps.put(step, step(line));
      case "step" ->
          batches.put(
              step,
              new Batch(figure(line, "reward"), figure(line, "rollouts"), figure(line, "tokens")));
      case "update" -> updates.put(line.path("trace").asString(""), update(line));
      default -> {} // Of no use here.
    }
  }

  private static Step step(JsonNode line) {
    return new Step(
        figure(line, "batch_wait_ms"),
        figure(line, "step_ms"),
        figure(line, "loss"),
        figure(line, "entropy"),
        figure(line, "mismatch_kl"),
        figure(line, "grad_norm"),
        figure(line, "tokens"));
  }

  private static Update update(JsonNode line) {
    JsonNode phases = line.path("phases");
    Map<String, Double> others = new LinkedHashMap<>();
    phases
        .properties()
        .forEach(
            phase -> {
              if (UpdatePart.of(phase.getKey()).isEmpty() && phase.getValue().isNumber()) {
                others.put(phase.getKey(), phase.getValue().asDouble());
              }
            });
    return new Update(
        figure(line, "step"),
        PartMillis.of(part -> figure(part.isPhase() ? phases : line, part.wireName()))
            .withOthers(others));
  }

  private static double figure(JsonNode line, String key) {
    return line.path(key).isNumber() ? line.path(key).asDouble() : Double.NaN;
  }

  /** How many lines are not JSON objects. */
  long malformed() {
    return malformed;
  }

  /** The number of known training steps. */
  int trained() {
    return steps.size();
  }

  /** The training step that produced the weights of {@code step}. */
  Optional<Step> step(double step) {
    return Optional.ofNullable(steps.get((long) step));
  }

  /** The batch of a step. */
  Optional<Batch> batch(double step) {
    return Optional.ofNullable(batches.get((long) step));
  }

  /** The call with its figures at full precision, which logs round to tenths. */
  TracedCall inFull(TracedCall call) {
    Update update = updates.get(call.trace());
    if (update == null || call.end() != TracedCall.End.SUCCEEDED || !call.sent()) {
      return call;
    }
    PartMillis parts =
        PartMillis.of(part -> or(update.parts().ms(part), call.ms(part)))
            .withOthers(update.parts().others());
    double gap = parts.ms(UpdatePart.CONNECT) + parts.ms(UpdatePart.ACCEPT);
    return new TracedCall(
        call.trace(),
        call.attempt(),
        call.op(),
        call.phase(),
        call.end(),
        call.error(),
        or(call.step(), update.step()),
        call.server(),
        call.log(),
        call.where(),
        call.sent(),
        call.received(),
        call.millis(),
        parts,
        or(gap, call.gapMs()),
        call.inflight());
  }

  private static double or(double first, double second) {
    return Double.isNaN(first) ? second : first;
  }
}
