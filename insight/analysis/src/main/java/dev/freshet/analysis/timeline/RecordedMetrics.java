package dev.freshet.analysis.timeline;

import dev.freshet.analysis.TracedCall;
import dev.freshet.analysis.read.Event;
import dev.freshet.metrics.MetricsReader;
import dev.freshet.plots.LabException;
import dev.freshet.trace.Newest;
import java.io.IOException;
import java.nio.file.Path;
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

  /** A training step, as the trainer says. */
  record Step(
      double batchWaitMs,
      double stepMs,
      double loss,
      double entropy,
      double mismatchKl,
      double gradNorm,
      double tokens) {
    /** From the trainer's looking for the batch to its beginning to write. */
    double beforeWriteMs() {
      return (batchWaitMs > 0 ? batchWaitMs : 0) + (stepMs > 0 ? stepMs : 0);
    }
  }

  /** A batch, as the orchestrator says. */
  record Batch(double reward, double rollouts, double tokens) {}

  private record Update(
      double step,
      double wallMs,
      double queueMs,
      double rpcMs,
      Event.Parts parts,
      Event.Phases phases) {}

  /**
   * Reads the metrics in a run's directory. Lines that are not whole or of other kinds are skipped.
   *
   * @throws LabException if they cannot be read
   */
  public static RecordedMetrics read(Path run) {
    RecordedMetrics metrics = new RecordedMetrics();
    MetricsReader reader = new MetricsReader(run);
    try {
      reader.read(metrics::take);
    } catch (IOException e) {
      throw new LabException(run + ": its metrics cannot be read: " + e.getMessage(), e);
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
    return new Update(
        figure(line, "step"),
        figure(line, "wall_ms"),
        figure(line, "queue_ms"),
        figure(line, "rpc_ms"),
        new Event.Parts(
            figure(line, "connect_ms"),
            figure(line, "accept_ms"),
            figure(line, "handler_ms"),
            figure(line, "answer_ms"),
            figure(line, "transfer_ms"),
            figure(line, "stall_ms")),
        Event.Phases.of(phase -> figure(line.path("phases"), phase)));
  }

  private static double figure(JsonNode line, String key) {
    return line.path(key).isNumber() ? line.path(key).asDouble() : Double.NaN;
  }

  /** How many lines are not JSON objects. */
  long malformed() {
    return malformed;
  }

  /** How many training steps are known. */
  int trained() {
    return steps.size();
  }

  /** The training step that made the weights of {@code step}. */
  Optional<Step> step(double step) {
    return Optional.ofNullable(steps.get((long) step));
  }

  /** The batch of a step. */
  Optional<Batch> batch(double step) {
    return Optional.ofNullable(batches.get((long) step));
  }

  /** The call, with the figures that logs round to tenths in full. */
  TracedCall inFull(TracedCall call) {
    Update update = updates.get(call.trace());
    if (update == null || call.end() != TracedCall.End.SUCCEEDED || !call.sent()) {
      return call;
    }
    double gap = update.parts().connectMs() + update.parts().acceptMs();
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
        or(update.wallMs(), call.wallMs()),
        or(update.queueMs(), call.queueMs()),
        or(update.rpcMs(), call.rpcMs()),
        or(gap, call.gapMs()),
        or(update.parts().handlerMs(), call.handlerMs()),
        update.parts(),
        update.phases(),
        call.inflight());
  }

  private static double or(double first, double second) {
    return Double.isNaN(first) ? second : first;
  }
}
