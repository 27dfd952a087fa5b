package dev.freshet.orchestrator;

import dev.freshet.environments.Environment;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.trace.waits.Waits;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps groups in flight: whenever the ledger admits one, starts the rollouts of the next training
 * problem, each on its own virtual thread. Every rollout has exactly one outcome and every group is
 * reported to the ledger exactly once, whatever is thrown. Owns one thread.
 */
final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long SEED_STRIDE = 1_000_003;

  private final Environment environment;
  private final OrchestratorConfig config;
  private final long firstSeed;
  private final GroupLedger ledger;
  private final RolloutRunner runner;
  private final WeightWatcher watcher;
  private final Sampling sampling;
  private final Thread thread;
  private long groups;

  Dispatcher(
      Environment environment,
      OrchestratorConfig config,
      long seed,
      GroupLedger ledger,
      RolloutRunner runner,
      WeightWatcher watcher) {
    this.environment = environment;
    this.config = config;
    this.firstSeed = seed;
    this.ledger = ledger;
    this.runner = runner;
    this.watcher = watcher;
    this.sampling = new Sampling(config.temperature(), config.topP(), config.maxTokens());
    this.thread = Thread.ofPlatform().name("freshet-dispatch").unstarted(this::dispatchAll);
  }

  void start() {
    thread.start();
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

  private void dispatch(long policyVersion) {
    long number = groups++;
    Problem problem = environment.problem(Split.TRAIN, number);
    GroupInFlight group =
        new GroupInFlight(
            "g" + number,
            environment.name(),
            problem,
            policyVersion,
            sampling.distribution(),
            config.groupSize());
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
      result = runner.run(group.problem(), sampling, seed, group.dispatchVersion(), group.calls());
    } catch (InterruptedException e) {
      ledger.fail(new OrchestratorException("a rollout was interrupted", e));
    } catch (Throwable e) {
      ledger.fail(e);
    } finally {
      Optional<GroupOutcome> outcome = group.ended(index, result);
      outcome.ifPresent(o -> ledger.ended(group, o));
    }
  }
}
