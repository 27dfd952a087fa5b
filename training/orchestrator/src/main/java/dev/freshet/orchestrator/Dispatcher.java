package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps groups in flight: whenever the ledger admits one, starts the rollouts of the next training
 * problem of the environment whose turn it is, each on its own virtual thread. Every rollout has
 * exactly one outcome and every group is reported to the ledger exactly once, whatever is thrown.
 * Owns one thread.
 */
final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long SEED_STRIDE = 1_000_003;

  private final EnvironmentMix environments;
  private final OrchestratorConfig config;
  private final long firstSeed;
  private final GroupLedger ledger;
  private final RolloutRunner runner;
  private final WeightWatcher watcher;
  private final RunMetrics metrics;
  private final Sampling sampling;
  private final Thread thread;

  /** Cancelled when the run stops; what the dispatcher itself asks environments is in it. */
  private final Calls stopping = new Calls();

  private long groups;

  Dispatcher(
      EnvironmentMix environments,
      OrchestratorConfig config,
      long seed,
      GroupLedger ledger,
      RolloutRunner runner,
      WeightWatcher watcher,
      RunMetrics metrics) {
    this.environments = environments;
    this.config = config;
    this.firstSeed = seed;
    this.ledger = ledger;
    this.runner = runner;
    this.watcher = watcher;
    this.metrics = metrics;
    this.sampling = new Sampling(config.temperature(), config.topP(), config.maxTokens());
    this.thread = Thread.ofPlatform().name("freshet-dispatch").unstarted(this::dispatchAll);
  }

  void start() {
    thread.start();
  }

  /** Ends what the dispatcher waits for at an environment. */
  void stop() {
    stopping.cancel();
  }

  /**
   * Joins the thread, which ends when the ledger admits no more; returns whether it ended in time.
   */
  boolean join(long millis) throws InterruptedException {
    thread.join(millis);
    return !thread.isAlive();
  }

  private void dispatchAll() {
    Optional<Waits.Open> barrier = Optional.empty();
    try {
      String waits = "";
      while (true) {
        Admission admission = ledger.awaitAdmission(POLL_NANOS);
        if (!(admission instanceof Admission.Held)) {
          barrier.ifPresent(Waits.Open::close);
          barrier = Optional.empty();
        }
        switch (admission) {
          case Admission.Open open -> {
            dispatch(open.policyVersion());
            waits = "";
          }
          case Admission.Full full -> {
            if (!full.reason().equals(waits)) {
              LOG.debug("no group is dispatched: {}", full.reason());
            }
            waits = full.reason();
          }
          case Admission.Held held -> {
            if (!waits.equals("weights")) {
              LOG.info(
                  "the pipeline is blocked on weights newer than version {}: async level {} is reached",
                  held.policyVersion(),
                  config.asyncLevel());
            }
            waits = "weights";
            barrier = barrier.or(() -> Optional.of(atBarrier(held)));
            watcher.pipelineHeld(held);
          }
          case Admission.Over over -> {
            return;
          }
        }
      }
    } catch (InterruptedException e) {
      ledger.fail(new OrchestratorException("the dispatcher was interrupted", e));
    } catch (RuntimeException | Error e) {
      ledger.fail(e);
    } finally {
      barrier.ifPresent(Waits.Open::close);
    }
  }

  private Waits.Open atBarrier(Admission.Held held) {
    return Waits.begin(
        "orchestrator",
        "weights newer than version " + held.policyVersion(),
        "trainer",
        Duration.ofSeconds(config.trainerDeadlineS()));
  }

  private void dispatch(long policyVersion) throws InterruptedException {
    long number = groups++;
    EnvironmentMix.Draw draw = environments.next();
    Problem problem;
    try {
      problem = runner.problem(draw.environment(), Split.TRAIN, draw.index(), stopping);
    } catch (RolloutFailure e) {
      withoutProblem(
          group(number, draw, new Problem(Split.TRAIN, draw.index(), ""), policyVersion), e);
      return;
    }
    GroupInFlight group = group(number, draw, problem, policyVersion);
    ledger.dispatched(group);
    for (int i = 0; i < config.groupSize(); i++) {
      int index = i;
      long seed = firstSeed + (number * config.groupSize() + i) * SEED_STRIDE;
      Thread.ofVirtual()
          .name("rollout-" + group.rolloutId(i))
          .start(() -> play(group, index, seed));
    }
  }

  private void play(GroupInFlight group, int index, long seed) {
    RolloutResult result = new RolloutResult.Cancelled();
    try {
      result =
          runner.run(
              group.environment(),
              group.problem(),
              sampling,
              seed,
              group.dispatchVersion(),
              group.calls());
    } catch (InterruptedException e) {
      ledger.fail(new OrchestratorException("a rollout was interrupted", e));
    } catch (Throwable e) {
      ledger.fail(e);
    } finally {
      ended(group, index, result);
    }
  }

  /** An environment that gives no problem fails all rollouts of its group. */
  private void withoutProblem(GroupInFlight group, RolloutFailure e) {
    if (stopping.cancelled()) {
      return;
    }
    ledger.dispatched(group);
    for (int i = 0; i < config.groupSize(); i++) {
      ended(group, i, new RolloutResult.Failed(e.reason(), OneLine.of(e)));
    }
  }

  private void ended(GroupInFlight group, int index, RolloutResult result) {
    ledger.rolloutEnded(result);
    metrics.rolloutEnded(group.environment().name(), result);
    group.ended(index, result).ifPresent(outcome -> ledger.ended(group, outcome));
  }

  private GroupInFlight group(
      long number, EnvironmentMix.Draw draw, Problem problem, long policyVersion) {
    return new GroupInFlight(
        "g" + number,
        draw.environment(),
        problem,
        policyVersion,
        sampling.distribution(),
        config.groupSize());
  }
}
