package dev.freshet.orchestrator;

import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.UpdateResult;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.waits.Waits;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.PublishedWeights;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.UpdateMode;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns stable checkpoints into weight updates: waits for the newest one, verifies it, updates the
 * fleet to it, and only then advances the policy version. A checkpoint that is broken, or that
 * every server refuses, is skipped and the old weights stay in service. Owns one thread; rollouts
 * never wait for it.
 *
 * <p>{@code [ckpt] wait.start} and {@code wait.done} frame the time for which the whole pipeline
 * was blocked on weights; it is 0 for weights that nothing waited for.
 */
final class WeightWatcher {
  private static final Logger LOG = LoggerFactory.getLogger(WeightWatcher.class);
  private static final Duration LOOK = Duration.ofSeconds(30);

  /** Between two updates of servers that take none: doubled each time, up to the longest. */
  private static final Duration FIRST_RETRY = Duration.ofMillis(250);

  private static final Duration LONGEST_RETRY = Duration.ofSeconds(4);

  private final PublishedWeights store;
  private final Fleet fleet;
  private final GroupLedger ledger;
  private final OrchestratorConfig config;
  private final EventLog events;
  private final RoleClock time;
  private final RunMetrics metrics;
  private final LongConsumer served;
  private final Thread thread;

  private long settled;
  private boolean looking = true;
  private long lookingSinceNanos;
  private Optional<Long> waitStartNanos = Optional.empty();
  private Optional<String> refusal = Optional.empty();

  /** Since when updates have been rolled back; used by the thread only. */
  private Optional<Long> failingSince = Optional.empty();

  private Duration retry = FIRST_RETRY;

  /**
   * @param served receives every policy version once it is served
   */
  WeightWatcher(
      PublishedWeights store,
      Fleet fleet,
      GroupLedger ledger,
      OrchestratorConfig config,
      EventLog events,
      RoleClock time,
      RunMetrics metrics,
      LongConsumer served) {
    this.store = store;
    this.fleet = fleet;
    this.ledger = ledger;
    this.config = config;
    this.events = events;
    this.time = time;
    this.metrics = metrics;
    this.served = served;
    this.thread = Thread.ofPlatform().name("freshet-weights").unstarted(this::watch);
  }

  /**
   * @param version the policy version that is served
   */
  void start(long version) {
    synchronized (this) {
      settled = version;
      lookingSinceNanos = events.clock().nanos();
    }
    thread.start();
  }

  /** Interrupts the thread and joins it; returns whether it ended in time. */
  boolean stop(long millis) throws InterruptedException {
    thread.interrupt();
    thread.join(millis);
    return !thread.isAlive();
  }

  private void watch() {
    try {
      while (settled() < ledger.batches() && !ledger.stopping()) {
        Optional<Long> step = look(settled());
        if (step.isPresent()) {
          found();
          if (serve(step.get())) {
            settle(step.get());
          }
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("the weight watcher was stopped");
    } catch (RuntimeException | Error e) {
      ledger.fail(e);
    }
  }

  /** A step newer than {@code seen}; empty if none is published within {@link #LOOK}. */
  private Optional<Long> look(long seen) throws InterruptedException {
    long begin = events.clock().nanos();
    try (Waits.Open _ =
        Waits.idle("orchestrator", "a checkpoint newer than step " + seen, "trainer")) {
      return Optional.of(store.awaitNewerThan(seen, LOOK));
    } catch (CheckpointException e) {
      if (events.clock().nanos() - begin < LOOK.toNanos()) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /** Whether nothing more is to be done for {@code step}; otherwise it is tried again. */
  private boolean serve(long step) throws InterruptedException {
    try {
      // Not the tensors' checksums: every server reads the tensors and verifies those.
      store.requireWhole(step);
    } catch (CheckpointException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("while looking at step_" + step);
      }
      refuse(step, OneLine.of(e));
      return true;
    }
    int inflight = fleet.rollouts();
    String directory = store.path(step).toAbsolutePath().toString();
    UpdateResult result;
    try (RoleClock.Activity _ = time.begin(RoleState.UPDATING)) {
      result = fleet.update(Target.of(step, directory, UpdateMode.KEEP).ofSaltedRequests());
    }
    metrics.updated(result, inflight);
    return switch (result.outcome()) {
      case COMMITTED -> {
        failingSince = Optional.empty();
        retry = FIRST_RETRY;
        ledger.advanceTo(step);
        served.accept(step);
        yield true;
      }
      case REFUSED -> {
        refuse(step, result.failures().getLast());
        yield true;
      }
      case ROLLED_BACK -> {
        awaitServers(result);
        yield false;
      }
    };
  }

  /** Leaves the servers time to recover before the next update. */
  private void awaitServers(UpdateResult failed) throws InterruptedException {
    long now = events.clock().nanos();
    long since = failingSince.orElse(now);
    failingSince = Optional.of(since);
    if (events.clock().millisSince(since) / 1000 > config.recoveryDeadlineS()) {
      throw new OrchestratorException(
          "no update has succeeded for %d s: %s".formatted(config.recoveryDeadlineS(), failed));
    }
    LOG.warn("{}; it is tried again", failed);
    Thread.sleep(retry);
    Duration doubled = retry.multipliedBy(2);
    retry = doubled.compareTo(LONGEST_RETRY) < 0 ? doubled : LONGEST_RETRY;
  }

  private void refuse(long step, String why) {
    LOG.error(
        "weights of step {} are refused, version {} stays in service: {}",
        step,
        fleet.policyVersion(),
        why);
    synchronized (this) {
      refusal = Optional.of("step_%d was refused: %s".formatted(step, why));
    }
  }

  /** Whether newer weights are published that the servers do not serve yet. */
  synchronized boolean updating() {
    return !looking;
  }

  private synchronized long settled() {
    return settled;
  }

  private synchronized void settle(long step) {
    settled = step;
    looking = true;
    lookingSinceNanos = events.clock().nanos();
  }

  private synchronized void found() {
    looking = false;
    long target = fleet.policyVersion() + 1;
    if (waitStartNanos.isEmpty()) {
      events.checkpointWaitStart(target);
    }
    double waited = waitStartNanos.map(start -> events.clock().millisSince(start)).orElse(0.0);
    events.checkpointWaitDone(target, waited);
    metrics.waitedForWeights(waited);
    waitStartNanos = Optional.empty();
  }

  /**
   * The pipeline is blocked on newer weights.
   *
   * @throws OrchestratorException if no newer weights can come, or the trainer's deadline has
   *     passed
   */
  synchronized void pipelineHeld(Admission.Held held) {
    if (!looking || fleet.policyVersion() > held.policyVersion()) {
      return;
    }
    if (waitStartNanos.isEmpty()) {
      waitStartNanos = Optional.of(held.sinceNanos());
      events.checkpointWaitStart(held.policyVersion() + 1);
    }
    requireTrainer(held.policyVersion(), held.sinceNanos());
  }

  /**
   * Checks that the trainer can still publish weights newer than {@code policyVersion}, on which
   * the run has been blocked since {@code sinceNanos}.
   *
   * @throws OrchestratorException if it cannot, or its deadline has passed
   */
  synchronized void requireTrainer(long policyVersion, long sinceNanos) {
    if (!looking) {
      return;
    }
    long batches = ledger.batchesTaken();
    if (settled >= batches && policyVersion < settled) {
      throw new OrchestratorException(
          "no weights newer than version %d can come: the trainer has used all %d batches and %s"
              .formatted(policyVersion, batches, refusal.orElse("published none")));
    }
    double waitedS = events.clock().millisSince(Math.max(sinceNanos, lookingSinceNanos)) / 1000;
    if (waitedS > config.trainerDeadlineS()) {
      throw new OrchestratorException(
          "no weights newer than version %d for %d s, since %s: expected %s, published; the trainer has %d batches%s"
              .formatted(
                  policyVersion,
                  config.trainerDeadlineS(),
                  Instant.now().minusMillis((long) (waitedS * 1000)),
                  store.path(settled + 1),
                  batches,
                  refusal.map(r -> "; " + r).orElse("")));
    }
  }
}
