package dev.freshet.orchestrator;

import dev.freshet.client.StreamingClient;
import dev.freshet.environments.Environment;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.ReplicaStatus;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.waits.Waits;
import dev.freshet.weights.CheckpointStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run: evaluates the base model, keeps rollouts in flight, hands a batch a step to the trainer
 * and the weights it makes of it to the servers, until the weights of the last step are served, and
 * evaluates them. {@link #run} is called once and blocks; {@link #stop} may be called from any
 * thread. When {@code run} returns or throws, nothing of it is left running.
 */
public final class Orchestrator {
  private static final Logger LOG = LoggerFactory.getLogger(Orchestrator.class);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long JOIN_MILLIS = 10_000;

  private final OrchestratorConfig config;
  private final CheckpointStore weights;
  private final EventLog events;
  private final Consumer<Progress> progress;
  private final RunMetrics metrics;
  private final Fleet fleet;
  private final StreamingClient client;
  private final GroupLedger ledger;
  private final RolloutRunner runner;
  private final Evaluation evaluation;
  private final WeightWatcher watcher;
  private final Dispatcher dispatcher;
  private final Packer packer;
  private Optional<Thread> periodicEvaluation = Optional.empty();

  /**
   * @param weights where the trainer publishes; empty at the start
   * @param batches where the trainer reads; the run's update log is there too
   * @param file the caller's to close
   * @param metrics this run's own
   * @param events for the tagged log lines; its clock is the run's
   * @param progress told how the run goes on, on the thread that runs it
   */
  public Orchestrator(
      OrchestratorConfig config,
      Environment environment,
      CheckpointStore weights,
      BatchStore batches,
      MetricsFile file,
      OrchestratorMetrics metrics,
      EventLog events,
      Consumer<Progress> progress) {
    this.config = config;
    this.weights = weights;
    this.events = events;
    this.progress = progress;
    this.metrics = new RunMetrics(file, metrics);
    this.fleet =
        new Fleet(
            config.servers(),
            config.adminToken(),
            Duration.ofSeconds(config.updateDeadlineS()),
            new LoggedUpdates(batches.updates()),
            events);
    this.client = new StreamingClient();
    this.ledger = new GroupLedger(config, events.clock());
    this.runner =
        new RolloutRunner(
            environment, fleet, client, Duration.ofSeconds(config.requestDeadlineS()));
    this.evaluation = new Evaluation(environment, config, runner, fleet, events.clock());
    this.watcher =
        new WeightWatcher(weights, fleet, ledger, config, events, this.metrics, this::served);
    this.dispatcher = new Dispatcher(environment, config, ledger, runner, watcher);
    this.packer = new Packer(config, ledger, fleet, batches, events);
    fleet.watch(metrics.fleet());
    metrics.run(config.asyncLevel(), fleet::policyVersion);
  }

  /** How the servers are now. */
  public List<ReplicaStatus> replicas() {
    return fleet.replicas();
  }

  /**
   * Runs to the end, or until stopped.
   *
   * @throws OrchestratorException if it cannot begin or go on
   */
  public OrchestratorReport run() throws InterruptedException {
    boolean finished = false;
    OptionalDouble rewardStart = OptionalDouble.empty();
    OptionalDouble rewardEnd = OptionalDouble.empty();
    try {
      requireFreshWeights();
      fleet
          .begin(Duration.ofSeconds(config.startDeadlineS()), ledger::stopping)
          .forEach(metrics::reloaded);
      report(Progress.Stage.EVALUATING_START, 0, OptionalDouble.empty(), 0);
      rewardStart = evaluate();
      watcher.start();
      dispatcher.start();
      if (packAll() && awaitLastWeights()) {
        report(Progress.Stage.EVALUATING_END, config.steps(), OptionalDouble.empty(), 0);
        joinPeriodicEvaluation();
        rewardEnd = evaluate();
        finished = !ledger.stopping();
      }
      requireNoFailure();
      report(Progress.Stage.ENDED, ledger.batchesTaken(), rewardEnd, 0);
    } finally {
      end();
    }
    return new OrchestratorReport(
        finished,
        fleet.policyVersion(),
        rewardStart,
        rewardEnd,
        metrics.stalenessMean(),
        metrics.stalenessMax(),
        ledger.counts(),
        runner.generatedTokens());
  }

  /** Ends the run soon: cancels what is in flight; {@link #run} then returns. Idempotent. */
  public void stop() {
    ledger.stop();
    evaluation.cancel();
  }

  /** Weights of an earlier run would be taken for this one's. */
  private void requireFreshWeights() {
    OptionalLong latest = weights.latest();
    if (latest.isPresent() && latest.getAsLong() > 0) {
      throw new OrchestratorException(
          "%s is there already: expected a run directory without weights of an earlier run"
              .formatted(weights.path(latest.getAsLong())));
    }
  }

  /** Whether all batches were handed over. */
  private boolean packAll() throws InterruptedException {
    for (long step = 1; step <= config.steps(); step++) {
      Optional<BatchStats> stats = packer.pack(step);
      if (stats.isEmpty()) {
        return false;
      }
      metrics.batch(stats.get(), ledger.counts(), fleet.policyVersion());
      report(
          Progress.Stage.GENERATING,
          step,
          OptionalDouble.of(stats.get().reward()),
          stats.get().stalenessMax());
    }
    return true;
  }

  private boolean awaitLastWeights() throws InterruptedException {
    report(Progress.Stage.AWAITING_LAST_WEIGHTS, config.steps(), OptionalDouble.empty(), 0);
    long since = events.clock().nanos();
    try (Waits.Open _ =
        Waits.begin(
            "orchestrator",
            "the last weights, version " + config.steps(),
            "trainer",
            Duration.ofSeconds(config.trainerDeadlineS()))) {
      while (!ledger.awaitVersion(config.steps(), POLL_NANOS)) {
        if (ledger.stopping() || ledger.failure().isPresent()) {
          return false;
        }
        watcher.requireTrainer(fleet.policyVersion(), since);
      }
      return true;
    }
  }

  private OptionalDouble evaluate() throws InterruptedException {
    Optional<EvaluationResult> result = evaluation.run();
    result.ifPresent(
        r -> {
          metrics.evaluated(r);
          LOG.info(
              "held-out reward {} of version {} ({} problems, {} failed)",
              r.reward(),
              r.policyVersion(),
              r.problems(),
              r.failed());
        });
    return result.map(r -> OptionalDouble.of(r.reward())).orElse(OptionalDouble.empty());
  }

  /** On the watcher's thread: begins an evaluation now and then, beside all else. */
  private synchronized void served(long version) {
    boolean due =
        config.evalEvery() > 0 && version % config.evalEvery() == 0 && version < config.steps();
    if (!due) {
      return;
    }
    if (periodicEvaluation.filter(Thread::isAlive).isPresent()) {
      LOG.info("version {} is not evaluated: the evaluation before still runs", version);
      return;
    }
    periodicEvaluation =
        Optional.of(
            Thread.ofVirtual()
                .name("evaluation-of-" + version)
                .start(
                    () -> {
                      try {
                        evaluate();
                      } catch (InterruptedException | RuntimeException e) {
                        LOG.warn(
                            "version {} could not be evaluated: {}",
                            version,
                            OrchestratorException.reason(e));
                      }
                    }));
  }

  private void joinPeriodicEvaluation() throws InterruptedException {
    Optional<Thread> running;
    synchronized (this) {
      running = periodicEvaluation;
    }
    if (running.isPresent()) {
      running.get().join(Duration.ofMillis(JOIN_MILLIS));
    }
  }

  private void report(Progress.Stage stage, long step, OptionalDouble reward, long staleness) {
    progress.accept(
        new Progress(
            stage,
            step,
            config.steps(),
            fleet.policyVersion(),
            reward,
            staleness,
            fleet.rollouts()));
  }

  private void requireNoFailure() {
    ledger
        .failure()
        .ifPresent(
            reason -> {
              throw reason instanceof OrchestratorException known
                  ? known
                  : new OrchestratorException(OrchestratorException.reason(reason), reason);
            });
  }

  private void end() throws InterruptedException {
    stop();
    try {
      boolean watcherEnded = watcher.stop(JOIN_MILLIS);
      boolean dispatcherEnded = dispatcher.join(JOIN_MILLIS);
      boolean rolloutsEnded = ledger.awaitIdle(TimeUnit.MILLISECONDS.toNanos(JOIN_MILLIS));
      joinPeriodicEvaluation();
      if (!watcherEnded || !dispatcherEnded || !rolloutsEnded) {
        LOG.error("the orchestrator's threads did not end within {} ms", JOIN_MILLIS);
      }
    } finally {
      client.close();
      fleet.close();
    }
  }
}
