package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.jfr.DecodeStallEvent;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.wire.UpdateMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's thread: continuous batching. Each turn first carries out the requests of other
 * threads (swap the weights, pause, resume), then takes one step, and delivers its tokens. Every
 * token is stamped with the version of the weights that made it. However the loop ends, everything
 * that waits for it is answered.
 */
final class DecodeLoop<W extends PolicyWeights> implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(DecodeLoop.class);

  /** After this many failed steps without one that succeeded, the loop ends. */
  private static final int MAX_FAILURES_IN_A_ROW = 3;

  private final ModelRunner<W> runner;
  private final AdmissionQueue admission;
  private final LoopRequests<W> requests;
  private final MonotonicClock clock;
  private final LoopObserver observer;
  private final Runnable onThreadStart;
  private final StepMeter meter;
  private final EngineMetrics metrics;
  private final KvBlocks blocks;
  private final Running sequences;
  private final Scheduler scheduler;
  private final Outgoing outgoing = new Outgoing();
  private final Gate<W> gate = new Gate<>();
  private final Steps steps;
  private final Retiring retiring;

  /**
   * @param runner owned and closed by the loop
   * @param blocks the KV blocks of the runner
   * @param metrics counts steps and tokens
   * @param onThreadStart prepares the loop's thread
   */
  DecodeLoop(
      ModelRunner<W> runner,
      int maxSequences,
      int stepTokens,
      KvBlocks blocks,
      AdmissionQueue admission,
      LoopRequests<W> requests,
      MonotonicClock clock,
      LoopObserver observer,
      EngineMetrics metrics,
      Runnable onThreadStart) {
    this.runner = runner;
    this.admission = admission;
    this.requests = requests;
    this.clock = clock;
    this.observer = observer;
    this.onThreadStart = onThreadStart;
    this.meter = new StepMeter(metrics, clock);
    this.blocks = blocks;
    this.metrics = metrics;
    this.sequences = new Running(blocks, maxSequences);
    this.scheduler =
        new Scheduler(
            new StepPlan.Parts(blocks, sequences, admission, runner, metrics, stepTokens));
    this.steps = new Steps(runner, scheduler, sequences, gate, outgoing, meter);
    this.retiring = new Retiring(sequences, admission);
    metrics.blocks(blocks.owned(), blocks.total());
  }

  @Override
  public void run() {
    try (runner) {
      try {
        onThreadStart.run();
        while (awaitWork()) {
          turn();
        }
        answerAll(FinishReason.ABORT, LoopRequests.ended());
      } catch (RuntimeException | Error e) {
        fail(e);
      }
    }
  }

  /** Waits for work; returns false when the loop must end. */
  private boolean awaitWork() {
    if (sequences.isEmpty()) {
      requireNothingLeft();
    }
    meter.looking(steps.possible(), gate.isPaused());
    boolean open =
        admission.awaitWork(
            gate.admits() && sequences.freePlaces() > 0, steps.dueNanos(), requests::isPending);
    meter.found();
    return open;
  }

  /** When no completion runs, nothing may be left of those that ran. */
  private void requireNothingLeft() {
    List<String> left = new ArrayList<>();
    if (!outgoing.isEmpty()) {
      left.add("events that were not delivered");
    }
    if (gate.isAwaited()) {
      left.add("an operation that waits for running completions to end");
    }
    if (admission.running() != 0) {
      left.add("a count of %d running completions".formatted(admission.running()));
    }
    left.addAll(blocks.faultsWhenIdle());
    if (!left.isEmpty()) {
      LOG.error("no completion runs, but the engine still has {}", left);
      assert false : left;
    }
  }

  private void turn() {
    try {
      betweenSteps();
      sequences.remove(Sequence::cancelled);
      completeDrained();
      steps.take();
      completeDrained();
    } catch (RuntimeException e) {
      steps.failAll(e);
    }
    outgoing.deliver();
    retiring.complete();
    admission.running(sequences.size());
    metrics.blocks(blocks.owned(), blocks.total());
    if (steps.failuresInARow() >= MAX_FAILURES_IN_A_ROW) {
      throw new IllegalStateException("%d steps in a row failed".formatted(steps.failuresInARow()));
    }
  }

  private void betweenSteps() {
    for (Optional<LoopRequests.Request<W>> next = requests.poll();
        next.isPresent();
        next = requests.poll()) {
      LoopRequests.Request<W> request = next.get();
      answering(request, () -> carryOut(request));
    }
  }

  /** Carries out an action for a request, which fails if the action throws. */
  private static void answering(LoopRequests.Request<?> request, Runnable action) {
    try {
      action.run();
    } catch (RuntimeException | Error e) {
      request.refuse(
          new EngineException(
              EngineException.Kind.INTERNAL, "the engine failed: " + firstLine(e), e));
      throw e;
    }
  }

  private void carryOut(LoopRequests.Request<W> request) {
    switch (request) {
      case LoopRequests.Swap<W> swap -> take(swap);
      case LoopRequests.Pause<W> pause -> pause(pause);
      case LoopRequests.Resume<W> resume -> resume(resume);
      case LoopRequests.Retire<W> retire -> retiring.add(retire);
    }
  }

  /** Completes requests that waited for running sequences to end. */
  private void completeDrained() {
    gate.draining().ifPresent(swap -> answering(swap, () -> swapOnceDrained(swap)));
    completePauses();
  }

  private void completePauses() {
    if (sequences.isEmpty() || !gate.steps()) {
      gate.pausesInForce();
    }
  }

  private void take(LoopRequests.Swap<W> swap) {
    if (swap.mode() == UpdateMode.DRAIN) {
      gate.drainFor(swap, sequences.size());
    } else {
      swap(swap);
    }
  }

  private void swapOnceDrained(LoopRequests.Swap<W> swap) {
    if (swap.withdrawn()) {
      gate.drainEnded();
    } else if (sequences.isEmpty()) {
      gate.drainEnded();
      swap(swap);
    }
  }

  private void swap(LoopRequests.Swap<W> swap) {
    if (!swap.claim()) {
      return;
    }
    DecodeStallEvent recorded = DecodeStallEvent.begun();
    RoleClock.Activity updating = metrics.time().begin(RoleState.UPDATING);
    long start = clock.nanos();
    if (swap.mode() == UpdateMode.ABORT) {
      steps.endAll(FinishReason.ABORT);
    }
    W replaced = runner.swap(swap.weights());
    long swapped = start;
    try {
      observer.serves(runner.version());
      if (swap.mode() == UpdateMode.RECOMPUTE) {
        swapped = clock.nanos();
        scheduler.newVersion(true);
      } else {
        scheduler.newVersion(false);
        swapped = clock.nanos();
      }
    } finally {
      long done = clock.nanos();
      updating.close();
      swap.done(replaced, start, swapped, done);
      recorded.done(runner.version(), swap.mode().wireName(), sequences.size(), done - start);
    }
  }

  private void pause(LoopRequests.Pause<W> pause) {
    switch (pause.mode()) {
      case ABORT -> {
        endWaiting(FinishReason.ABORT);
        steps.endAll(FinishReason.ABORT);
      }
      case KEEP, WAIT -> {}
    }
    if (gate.pause(pause, sequences.size())) {
      observer.paused(true);
      completePauses();
    }
  }

  private void resume(LoopRequests.Resume<W> resume) {
    boolean rebuild = gate.resume();
    observer.paused(false);
    if (rebuild) {
      scheduler.newVersion(true);
    }
    resume.done().complete(null);
  }

  private void endWaiting(FinishReason reason) {
    admission.drain().forEach(sequence -> outgoing.end(sequence, reason, runner.version()));
  }

  /** Ends the loop because of an error. */
  private void fail(Throwable cause) {
    EngineException why =
        new EngineException(
            EngineException.Kind.FAILED,
            "the engine has failed: %s; restart the server".formatted(firstLine(cause)),
            cause);
    int ended = sequences.size() + admission.waiting();
    answerAll(FinishReason.ERROR, why);
    try {
      LOG.error("{} (ended {} completions with an error)", why.getMessage(), ended, cause);
    } finally {
      observer.failed(why);
    }
  }

  /** A native exception's message has a stack trace in its further lines. */
  private static String firstLine(Throwable cause) {
    return cause.toString().lines().findFirst().orElse("");
  }

  /** Answers everything that waits for the loop, and from now on everything that asks it. */
  private void answerAll(FinishReason reason, EngineException why) {
    List.<Runnable>of(
            () -> requests.close(why),
            () -> gate.refuse(why),
            () -> admission.close(why),
            () -> endWaiting(reason),
            () ->
                sequences
                    .all()
                    .forEach(sequence -> outgoing.end(sequence, reason, runner.version())),
            outgoing::deliver,
            () -> admission.running(0))
        .forEach(DecodeLoop::attempt);
  }

  /** After an error the next action may fail as well, for example for lack of memory. */
  private static void attempt(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException | Error e) {
      LOG.error("the end of the decode loop was not completed", e);
    }
  }
}
