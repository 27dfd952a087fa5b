package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.jfr.DecodeStallEvent;
import dev.freshet.wire.UpdateMode;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's thread: continuous batching. Each turn first carries out the requests of other
 * threads (swap the weights, pause, resume), then prefills admitted sequences or, if there are
 * none, takes one decode step for all running sequences, and delivers the tokens. Every token is
 * stamped with the version of the weights that made it. Slot i of the runner belongs to running
 * sequence i.
 */
final class DecodeLoop<W extends PolicyWeights> implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(DecodeLoop.class);

  private final ModelRunner<W> runner;
  private final int maxSequences;
  private final int prefillTokens;
  private final AdmissionQueue admission;
  private final LoopRequests<W> requests;
  private final MonotonicClock clock;
  private final LongConsumer onVersion;
  private final StepMeter meter;
  private final List<Sequence> running = new ArrayList<>();
  private final IdentityHashMap<Outlet, List<TokenEvent>> outgoing = new IdentityHashMap<>();
  private final Gate<W> gate = new Gate<>();

  /**
   * @param runner owned and closed by the loop
   * @param onVersion called with each version before its first token is made
   * @param metrics counts steps and tokens
   */
  DecodeLoop(
      ModelRunner<W> runner,
      int maxSequences,
      int prefillTokens,
      AdmissionQueue admission,
      LoopRequests<W> requests,
      MonotonicClock clock,
      LongConsumer onVersion,
      EngineMetrics metrics) {
    this.runner = runner;
    this.maxSequences = maxSequences;
    this.prefillTokens = prefillTokens;
    this.admission = admission;
    this.requests = requests;
    this.clock = clock;
    this.onVersion = onVersion;
    this.meter = new StepMeter(metrics, clock);
  }

  @Override
  public void run() {
    try (runner) {
      while (awaitWork()) {
        turn();
      }
    } finally {
      admission.close();
      admission.drain().forEach(sequence -> end(sequence, FinishReason.ABORT));
      endAll(FinishReason.ABORT);
      deliver();
      requests.close();
      gate.refuse(LoopRequests.ended());
    }
  }

  /** Waits for work; returns false when the loop must end. */
  private boolean awaitWork() {
    meter.looking(stepping());
    boolean open = admission.awaitWork(gate.admits(), nextStepNanos(), requests::isPending);
    meter.found();
    return open;
  }

  /** Whether running sequences may take a decode step. */
  private boolean stepping() {
    return !running.isEmpty() && gate.steps();
  }

  /** Nanoseconds until the next decode step is due. */
  private long nextStepNanos() {
    return stepping() ? runner.waitNanos() : Long.MAX_VALUE;
  }

  private void turn() {
    try {
      betweenSteps();
      dropCancelled();
      completeDrained();
      List<Sequence> fresh =
          gate.admits() ? admission.take(maxSequences - running.size(), prefillTokens) : List.of();
      if (!fresh.isEmpty()) {
        int first = running.size();
        running.addAll(fresh);
        meter.begin();
        List<Sampler.Sample> samples = runner.prefill(fresh, first);
        meter.prefilled(fresh);
        emit(first, samples);
      } else if (nextStepNanos() <= 0) {
        meter.begin();
        List<Sampler.Sample> samples = runner.decode(running);
        meter.decoded();
        emit(0, samples);
      }
      completeDrained();
    } catch (RuntimeException e) {
      LOG.error("a step of {} sequences failed; ending them with an error", running.size(), e);
      endAll(FinishReason.ERROR);
    }
    deliver();
    admission.running(running.size());
  }

  private void betweenSteps() {
    for (Optional<LoopRequests.Request<W>> next = requests.poll();
        next.isPresent();
        next = requests.poll()) {
      switch (next.get()) {
        case LoopRequests.Swap<W> swap -> take(swap);
        case LoopRequests.Pause<W> pause -> pause(pause);
        case LoopRequests.Resume<W> resume -> resume(resume);
      }
    }
  }

  /** Completes requests that waited for running sequences to end. */
  private void completeDrained() {
    gate.draining().ifPresent(this::swapOnceDrained);
    if (running.isEmpty()) {
      gate.pausesInForce();
    }
  }

  private void take(LoopRequests.Swap<W> swap) {
    if (swap.mode() != UpdateMode.DRAIN) {
      swap(swap);
    } else if (gate.draining().isPresent()) {
      swap.refuse(
          new EngineException(
              EngineException.Kind.CONFLICT,
              "cannot drain: another update already waits for running completions to end"));
    } else if (!running.isEmpty() && !gate.steps()) {
      swap.refuse(
          new EngineException(
              EngineException.Kind.CONFLICT,
              "cannot drain: %d completions are paused; resume first or use another mode"
                  .formatted(running.size())));
    } else {
      gate.drainFor(swap);
    }
  }

  private void swapOnceDrained(LoopRequests.Swap<W> swap) {
    if (swap.withdrawn()) {
      gate.drainEnded();
    } else if (running.isEmpty()) {
      gate.drainEnded();
      swap(swap);
    }
  }

  private void swap(LoopRequests.Swap<W> swap) {
    if (!swap.claim()) {
      return;
    }
    DecodeStallEvent recorded = DecodeStallEvent.begun();
    long start = clock.nanos();
    if (swap.mode() == UpdateMode.ABORT) {
      endAll(FinishReason.ABORT);
    }
    W replaced = runner.swap(swap.weights());
    onVersion.accept(runner.version());
    long swapped = clock.nanos();
    try {
      if (swap.mode() == UpdateMode.RECOMPUTE) {
        recompute();
      }
    } finally {
      long done = clock.nanos();
      swap.done(replaced, start, swapped, done);
      recorded.done(runner.version(), swap.mode().wireName(), running.size(), done - start);
    }
  }

  private void recompute() {
    dropCancelled();
    if (!running.isEmpty()) {
      runner.recompute(running);
    }
  }

  private void pause(LoopRequests.Pause<W> pause) {
    switch (pause.mode()) {
      case ABORT -> {
        admission.drain().forEach(sequence -> end(sequence, FinishReason.ABORT));
        endAll(FinishReason.ABORT);
      }
      case KEEP, WAIT -> {}
    }
    gate.pause(pause);
  }

  private void resume(LoopRequests.Resume<W> resume) {
    if (gate.resume()) {
      recompute();
    }
    resume.done().complete(null);
  }

  private void dropCancelled() {
    for (int slot = running.size() - 1; slot >= 0; slot--) {
      if (running.get(slot).cancelled()) {
        release(slot);
      }
    }
  }

  /**
   * Queues the tokens of the running sequences from {@code first} on for delivery and removes the
   * sequences that end.
   */
  private void emit(int first, List<Sampler.Sample> samples) {
    List<Sequence> rows = running.subList(first, running.size());
    List<Optional<FinishReason>> ends = new ArrayList<>(samples.size());
    int failed = 0;
    for (int row = 0; row < samples.size(); row++) {
      Sequence sequence = rows.get(row);
      Sampler.Sample sample = samples.get(row);
      if (Float.isNaN(sample.logprob())) {
        failed++;
        end(sequence, FinishReason.ERROR);
        ends.add(Optional.of(FinishReason.ERROR));
        continue;
      }
      Optional<FinishReason> finish = sequence.append(sample.token());
      meter.token(sequence);
      ends.add(finish);
      add(
          sequence,
          new TokenEvent(
              sequence, sample.token(), sample.logprob(), runner.version(), sample.top(), finish));
    }
    meter.end();
    if (failed > 0) {
      LOG.error(
          "version {} computes NaN logits: ending {} completions with an error",
          runner.version(),
          failed);
    }
    for (int row = samples.size() - 1; row >= 0; row--) {
      Optional<FinishReason> finish = ends.get(row);
      if (finish.isPresent()) {
        if (finish.get() == FinishReason.ERROR) {
          runner.clear(first + row);
        }
        release(first + row);
      }
    }
  }

  private void release(int slot) {
    int last = running.size() - 1;
    runner.release(slot, last, running.get(last).cached());
    running.set(slot, running.get(last));
    running.removeLast();
  }

  private void endAll(FinishReason reason) {
    running.forEach(sequence -> end(sequence, reason));
    running.clear();
  }

  private void end(Sequence sequence, FinishReason reason) {
    add(
        sequence,
        new TokenEvent(sequence, -1, 0, runner.version(), List.of(), Optional.of(reason)));
  }

  private void add(Sequence sequence, TokenEvent event) {
    if (!sequence.cancelled()) {
      outgoing.computeIfAbsent(sequence.outlet(), _ -> new ArrayList<>()).add(event);
    }
  }

  private void deliver() {
    outgoing.forEach(Outlet::deliver);
    outgoing.clear();
  }
}
