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
 * The engine's thread: continuous batching. Every turn first does what other threads want done
 * between two steps (exchange the weights, pause, resume), then prefills what was admitted, or else
 * takes one decode step for all running sequences, and hands the tokens out, each stamped with the
 * version of the weights that made it. Slot i of the runner belongs to running sequence i.
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
   * @param runner the loop's own from here on
   * @param onVersion told every version before the first token of it is made
   * @param metrics told of steps and tokens
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

  /** Returns once there is something to do; whether the loop is to go on. */
  private boolean awaitWork() {
    meter.looking(stepping());
    boolean goesOn = admission.awaitWork(gate.admits(), nextStepNanos(), requests::isPending);
    meter.found();
    return goesOn;
  }

  /** Whether there is a decode step to take. */
  private boolean stepping() {
    return !running.isEmpty() && gate.steps();
  }

  /** Nanoseconds until the next decode step. */
  private long nextStepNanos() {
    return stepping() ? runner.waitNanos() : Long.MAX_VALUE;
  }

  private void turn() {
    try {
      betweenSteps();
      dropCancelled();
      settle();
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
      settle();
    } catch (RuntimeException e) {
      LOG.error("a step of {} sequences failed; they end with an error", running.size(), e);
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
        case LoopRequests.Exchange<W> exchange -> take(exchange);
        case LoopRequests.Pause<W> pause -> pause(pause);
        case LoopRequests.Resume<W> resume -> resume(resume);
      }
    }
  }

  /** Does what was waiting for running sequences to end, if they have. */
  private void settle() {
    gate.draining().ifPresent(this::exchangeOnceDrained);
    if (running.isEmpty()) {
      gate.drained();
    }
  }

  private void take(LoopRequests.Exchange<W> exchange) {
    if (exchange.mode() != UpdateMode.DRAIN) {
      exchange(exchange);
    } else if (gate.draining().isPresent()) {
      exchange.refuse(
          new EngineException(
              EngineException.Kind.CONFLICT, "another update waits for completions to end"));
    } else if (!running.isEmpty() && !gate.steps()) {
      exchange.refuse(
          new EngineException(
              EngineException.Kind.CONFLICT,
              "mode drain: %d completions stand still in a pause: expected another mode or a resume"
                  .formatted(running.size())));
    } else {
      gate.drainFor(exchange);
    }
  }

  private void exchangeOnceDrained(LoopRequests.Exchange<W> exchange) {
    if (exchange.withdrawn()) {
      gate.drainEnded();
    } else if (running.isEmpty()) {
      gate.drainEnded();
      exchange(exchange);
    }
  }

  private void exchange(LoopRequests.Exchange<W> exchange) {
    if (!exchange.claim()) {
      return;
    }
    DecodeStallEvent recorded = DecodeStallEvent.begun();
    long start = clock.nanos();
    if (exchange.mode() == UpdateMode.ABORT) {
      endAll(FinishReason.ABORT);
    }
    W replaced = runner.exchange(exchange.weights());
    onVersion.accept(runner.version());
    long swapped = clock.nanos();
    try {
      if (exchange.mode() == UpdateMode.RECOMPUTE) {
        recompute();
      }
    } finally {
      long done = clock.nanos();
      exchange.done(replaced, start, swapped, done);
      recorded.done(runner.version(), exchange.mode().wireName(), running.size(), done - start);
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
   * Hands out the tokens made for the running sequences from {@code first} on and takes out those
   * that they end.
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
          "version {} scores NaN: {} completions end with an error", runner.version(), failed);
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
