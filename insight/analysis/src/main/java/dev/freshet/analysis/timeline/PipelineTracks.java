package dev.freshet.analysis.timeline;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.LogMetric;

/**
 * Draws everything but the updates: batches, waits for weights, training steps, checkpoint writes,
 * and counters. A training step has no timestamp; it ends where the write of its weights begins.
 */
final class PipelineTracks {
  private final TraceWriter out;
  private final RoleProcesses roles;
  private final TraceAxis axis;
  private final RecordedMetrics metrics;
  private final CheckpointFlows checkpoints;
  private int steps;

  PipelineTracks(
      TraceWriter out,
      RoleProcesses roles,
      TraceAxis axis,
      RecordedMetrics metrics,
      CheckpointFlows checkpoints) {
    this.out = out;
    this.roles = roles;
    this.axis = axis;
    this.metrics = metrics;
    this.checkpoints = checkpoints;
  }

  /** Training steps drawn. */
  int steps() {
    return steps;
  }

  /** Draws an event that has a time. */
  void draw(Analysis.Moment moment) {
    switch (moment.metric()) {
      case BATCH -> batch(moment);
      case WAIT -> await(moment);
      case WRITE -> write(moment);
      case TRUNCATION -> quality(moment, "trunc_pct");
      case STALENESS -> quality(moment, "staleness");
      case QUEUE, RPC, RPC_RELOAD, WALL -> {} // Of calls, and drawn there.
    }
  }

  private void batch(Analysis.Moment batch) {
    slice(
        batch,
        roles.orchestrator().oneByOne("batches"),
        "batch",
        "batch",
        new Args().figure("dur_ms", batch.value()));
  }

  private void await(Analysis.Moment wait) {
    slice(
        wait,
        roles.orchestrator().oneByOne("waits for weights"),
        "checkpoint",
        "wait for v" + step(wait),
        new Args().figure("wait_ms", wait.value()));
  }

  private void write(Analysis.Moment write) {
    metrics.step(write.step()).ifPresent(step -> train(write, step));
    slice(
        write,
        roles.trainer().oneByOne("checkpoints"),
        "checkpoint",
        "write v" + step(write),
        new Args().figure("write_ms", write.value()));
  }

  private void train(Analysis.Moment write, RecordedMetrics.Step step) {
    Lanes lanes = roles.trainer().oneByOne("training");
    long end = axis.nanos(write.millis() - write.value());
    long start = end - TraceAxis.length(step.stepMs() > 0 ? step.stepMs() : 0);
    if (step.batchWaitMs() >= 0) {
      Lanes.Placed await = lanes.place(start - TraceAxis.length(step.batchWaitMs()), start);
      out.slice(
          await.track(),
          "train",
          "await batch",
          await.start(),
          await.duration(),
          new Args().figure("batch_wait_ms", step.batchWaitMs()));
    }
    Lanes.Placed trained = lanes.place(start, end);
    out.slice(
        trained.track(),
        "train",
        "step " + step(write),
        trained.start(),
        trained.duration(),
        new Args()
            .figure("step_ms", step.stepMs())
            .figure("loss", step.loss())
            .figure("grad_norm", step.gradNorm())
            .count("tokens", step.tokens()));
    RoleTracks trainer = roles.trainer();
    trainer.counter("loss", end, step.loss());
    trainer.counter("entropy", end, step.entropy());
    trainer.counter("mismatch_kl", end, step.mismatchKl());
    steps++;
  }

  /** Draws a figure of a batch; with the staleness also the reward. */
  private void quality(Analysis.Moment moment, String name) {
    long at = axis.nanos(moment.millis());
    roles.orchestrator().counter(name, at, moment.value());
    if (moment.metric() == LogMetric.STALENESS) {
      // The batch belongs to the next training step.
      metrics
          .batch(moment.step() + 1)
          .ifPresent(batch -> roles.orchestrator().counter("reward", at, batch.reward()));
    }
  }

  /** A slice that ended at its moment and lasted its value in milliseconds. */
  private void slice(Analysis.Moment moment, Lanes lanes, String category, String name, Args args) {
    Lanes.Placed placed =
        lanes.place(axis.nanos(moment.millis() - moment.value()), axis.nanos(moment.millis()));
    out.slice(
        placed.track(),
        category,
        name,
        placed.start(),
        placed.duration(),
        args.text("line", moment.where()));
    checkpoints.drawFrom(moment, out, placed);
  }

  /** Draws a batch or wait without an end. */
  void draw(Analysis.Begun begun) {
    boolean wait = begun.metric() == LogMetric.WAIT;
    Lanes lanes = roles.orchestrator().oneByOne(wait ? "waits for weights" : "batches");
    Lanes.Placed placed = lanes.placeUnended(axis.nanos(begun.millis()));
    out.unended(
        placed.track(),
        wait ? "checkpoint" : "batch",
        wait && Double.isFinite(begun.value())
            ? "wait for v" + Math.round(begun.value())
            : wait ? "wait" : "batch",
        placed.start(),
        new Args().text("line", begun.where()));
  }

  /** Draws the number of completions in flight. */
  void draw(Analysis.Load load) {
    roles.orchestrator().counter("streams in flight", axis.nanos(load.millis()), load.inflight());
  }

  private static String step(Analysis.Moment moment) {
    return Double.isNaN(moment.step()) ? "?" : Long.toString(Math.round(moment.step()));
  }
}
