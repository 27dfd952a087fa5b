package dev.freshet.engine;

import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the steps of the decode loop. A step that fails is taken back and each of its sequences
 * gets a step of its own, so only those whose own step fails end with an error. Confined to the
 * loop's thread.
 */
final class Steps {
  private static final Logger LOG = LoggerFactory.getLogger(Steps.class);

  private final ModelRunner<?> runner;
  private final Scheduler scheduler;
  private final Running running;
  private final Gate<?> gate;
  private final Outgoing outgoing;
  private final StepMeter meter;
  private int failuresInARow;

  Steps(
      ModelRunner<?> runner,
      Scheduler scheduler,
      Running running,
      Gate<?> gate,
      Outgoing outgoing,
      StepMeter meter) {
    this.runner = runner;
    this.scheduler = scheduler;
    this.running = running;
    this.gate = gate;
    this.outgoing = outgoing;
    this.meter = meter;
  }

  /** Whether a running sequence may take a step. */
  boolean possible() {
    return !running.isEmpty() && gate.steps();
  }

  /** Nanoseconds until the next step of a running sequence is due. */
  long dueNanos() {
    if (!possible()) {
      return Long.MAX_VALUE;
    }
    return scheduler.hasPrompts() ? 0 : runner.waitNanos();
  }

  /** How many steps have ended sequences with an error since one succeeded. */
  int failuresInARow() {
    return failuresInARow;
  }

  /** Takes one step, if there is one to take. */
  void take() {
    if (!gate.steps()) {
      return;
    }
    List<Chunk> chunks = scheduler.plan(runner.waitNanos() <= 0, gate.admits());
    if (chunks.isEmpty()) {
      scheduler.taken();
      return;
    }
    meter.begin();
    List<Sampler.Sample> samples;
    try {
      samples = runner.step(chunks);
    } catch (RuntimeException e) {
      failed(chunks, e);
      return;
    }
    failuresInARow = 0;
    meter.computed(!chunks.stream().allMatch(Chunk::isDecode), runner.linearNanos());
    List<Sequence> sampled = chunks.stream().filter(Chunk::isLast).map(Chunk::sequence).toList();
    scheduler.taken();
    emit(sampled, samples);
  }

  /** Queues the tokens of the sequences for delivery and removes the sequences that end. */
  private void emit(List<Sequence> sequences, List<Sampler.Sample> samples) {
    int ended = 0;
    int failed = 0;
    for (int row = 0; row < samples.size(); row++) {
      Sequence sequence = sequences.get(row);
      Sampler.Sample sample = samples.get(row);
      if (Float.isNaN(sample.logprob())) {
        failed++;
        scheduler.distrust(sequence);
        outgoing.end(sequence, FinishReason.ERROR, runner.version());
        continue;
      }
      Optional<FinishReason> finish = sequence.append(sample.token());
      meter.token(sequence);
      ended += finish.isPresent() ? 1 : 0;
      outgoing.add(
          sequence,
          new TokenEvent(
              sequence,
              sample.token(),
              sample.logprob(),
              sequence.version(runner.version()),
              sample.top(),
              finish));
    }
    meter.end();
    if (failed > 0) {
      LOG.error(
          "version {} computes NaN logits: ending {} completions with an error",
          runner.version(),
          failed);
    }
    if (ended + failed > 0) {
      running.remove(Sequence::isAnswered);
    }
  }

  /** Takes a failed step back; ends its sequence with an error if it was the only one. */
  private void failed(List<Chunk> chunks, RuntimeException e) {
    scheduler.failed();
    if (chunks.size() > 1) {
      LOG.error("a step of {} sequences failed; each now gets one of its own", chunks.size(), e);
      return;
    }
    failuresInARow++;
    LOG.error("a step of one sequence failed; ending it with an error", e);
    outgoing.end(chunks.getFirst().sequence(), FinishReason.ERROR, runner.version());
    running.remove(Sequence::isAnswered);
  }

  /** Ends all running sequences with an error, because work for all of them failed. */
  void failAll(RuntimeException e) {
    failuresInARow++;
    LOG.error("a step of {} sequences failed; ending them with an error", running.size(), e);
    scheduler.failed();
    endAll(FinishReason.ERROR);
  }

  /** Ends all running sequences. */
  void endAll(FinishReason reason) {
    running.all().forEach(sequence -> outgoing.end(sequence, reason, runner.version()));
    running.remove(Sequence::isAnswered);
  }
}
