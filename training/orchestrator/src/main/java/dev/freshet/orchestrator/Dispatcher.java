package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.EnvironmentException;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.rollouts.JournalRecord;
import dev.freshet.rollouts.JournaledRollout;
import dev.freshet.rollouts.JournaledRun;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps groups in flight: whenever the ledger admits one, starts the rollouts of the next training
 * problem of the environment whose turn it is. Owns one thread.
 */
final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final EnvironmentMix environments;
  private final RunCurricula curricula;
  private final OrchestratorConfig config;
  private final GroupLedger ledger;
  private final RolloutRunner runner;
  private final GroupRollouts rollouts;
  private final WeightWatcher watcher;
  private final RoleClock time;
  private final Thread thread;

  /** Cancelled when the run stops; what the dispatcher itself asks environments is in it. */
  private final Calls stopping = new Calls();

  private long groups;

  Dispatcher(
      EnvironmentMix environments,
      RunCurricula curricula,
      OrchestratorConfig config,
      GroupLedger ledger,
      RolloutRunner runner,
      GroupRollouts rollouts,
      WeightWatcher watcher,
      RoleClock time) {
    this.environments = environments;
    this.curricula = curricula;
    this.config = config;
    this.ledger = ledger;
    this.runner = runner;
    this.rollouts = rollouts;
    this.watcher = watcher;
    this.time = time;
    this.thread = Thread.ofPlatform().name("freshet-dispatch").unstarted(this::dispatchAll);
  }

  /**
   * Continues the groups of an earlier process. What ended there has ended; rollouts that did not
   * continue from their last token. Further groups are drawn as there: the draws before the last
   * batch are in the state of the curricula after it, and those since follow from it. Called before
   * {@link #start}.
   *
   * @throws EnvironmentException if a group is of an environment that the run does not have
   */
  void resume(JournaledRun earlier) {
    drawAgain(earlier.handed().dispatched());
    curricula.restore(earlier.handed().curricula());
    drawAgain(earlier.dispatched());
    List<Runnable> unfinished = new ArrayList<>();
    for (JournaledRun.Group journaled : earlier.groups()) {
      JournalRecord.Dispatched dispatch = journaled.dispatch();
      GroupInFlight group =
          rollouts.group(
              dispatch.group(),
              environments.named(dispatch.environment()),
              new Problem(Split.TRAIN, dispatch.index(), dispatch.problem()),
              dispatch.version());
      ledger.dispatched(group);
      for (int i = 0; i < config.groupSize(); i++) {
        int index = i;
        JournaledRollout rollout = journaled.rollout(i);
        rollout
            .end()
            .ifPresentOrElse(
                end -> rollouts.count(group, index, RolloutResult.of(rollout, end)),
                () -> unfinished.add(() -> rollouts.start(group, index, rollout)));
      }
    }
    LOG.info(
        "resumed with {} groups that are in no batch yet; {} of their rollouts continue",
        earlier.groups().size(),
        unfinished.size());
    unfinished.forEach(Runnable::run);
  }

  /** Draws once for each group up to a number. */
  private void drawAgain(long number) {
    while (groups < number) {
      groups++;
      EnvironmentMix.Draw _ = environments.next();
    }
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
    Optional<Barrier> barrier = Optional.empty();
    try {
      String waits = "";
      while (true) {
        Admission admission = ledger.awaitAdmission(POLL_NANOS);
        if (!(admission instanceof Admission.Held)) {
          barrier.ifPresent(Barrier::close);
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
            barrier.ifPresent(Barrier::look);
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
      barrier.ifPresent(Barrier::close);
    }
  }

  private Barrier atBarrier(Admission.Held held) {
    return new Barrier(
        time.begin(RoleState.HELD),
        new WeightsWait("weights newer than version " + held.policyVersion(), watcher, config));
  }

  /** The pipeline is held, until this is closed. */
  private record Barrier(RoleClock.Activity held, WeightsWait waiting) {
    void look() {
      waiting.look();
    }

    void close() {
      waiting.close();
      held.close();
    }
  }

  private void dispatch(long policyVersion) throws InterruptedException {
    long number = groups++;
    EnvironmentMix.Draw draw = environments.next();
    Problem problem;
    try {
      problem = runner.problem(draw.environment(), Split.TRAIN, draw.index(), stopping);
    } catch (RolloutFailure e) {
      withoutProblem(
          rollouts.group(
              number,
              draw.environment(),
              new Problem(Split.TRAIN, draw.index(), ""),
              policyVersion),
          e);
      return;
    }
    rollouts.begin(rollouts.group(number, draw.environment(), problem, policyVersion));
  }

  /** An environment that gives no problem fails all rollouts of its group. */
  private void withoutProblem(GroupInFlight group, RolloutFailure e) {
    if (!stopping.cancelled()) {
      rollouts.fail(group, e);
    }
  }
}
