package dev.freshet.orchestrator;

import dev.freshet.client.StreamingClient;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.environments.PromptFormat;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.ReplicaStatus;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.JournalRecord;
import dev.freshet.rollouts.JournaledRun;
import dev.freshet.rollouts.RunJournal;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.weights.PublishedWeights;
import dev.freshet.wire.AdminTokenFile;
import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.UpdateMode;
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
 * One run: evaluates the base model, keeps rollouts in flight, hands the trainer one batch per step
 * and updates the servers to the weights that the trainer publishes, until the weights of the last
 * step are served; then evaluates those. What it needs to continue after its process was killed is
 * in the run's journal. {@link #run} is called once and blocks; {@link #stop} may be called from
 * any thread. When {@code run} returns or throws, every thread and connection of the run has ended.
 */
public final class Orchestrator {
  private static final Logger LOG = LoggerFactory.getLogger(Orchestrator.class);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long JOIN_MILLIS = 10_000;

  private final OrchestratorConfig config;
  private final long steps;
  private final PublishedWeights weights;
  private final EventLog events;
  private final Consumer<Progress> progress;
  private final RunMetrics metrics;
  private final Fleet fleet;
  private final StreamingClient client;
  private final DropCounts drops = new DropCounts();
  private final RoleClock time;
  private final EnvironmentCalls environmentCalls;
  private final GroupLedger ledger;
  private final Completions completions;
  private final RunEvaluations evaluations;
  private final WeightWatcher watcher;
  private final RunCurricula curricula;
  private final Dispatcher dispatcher;
  private final TrainerBatches trainerBatches;
  private final Packer packer;
  private final RunJournal runJournal;
  private final RolloutJournal journal;
  private final BatchStore batches;

  /**
   * @param advantage how the rewards of a batch become advantages
   * @param steps training batches in all; the run ends when the weights of the last are served
   * @param seed the seed of the sampling of rollouts and evaluations
   * @param environments the caller closes them, after the run
   * @param format how the model reads conversations
   * @param mostTokens of a rollout, with all its turns and what the environment says
   * @param weights what the trainer publishes; nothing at the start
   * @param batches the store that the trainer reads; it also holds the run's update log
   * @param journal of the run, from which it continues if it is resumed; closed by the caller
   * @param file receives the run's metrics; closed by the caller
   * @param metrics used by this run only
   * @param events receives the tagged log lines; its clock is the run's
   * @param progress receives the run's progress, on the thread that calls {@link #run}
   */
  public Orchestrator(
      OrchestratorConfig config,
      Advantage advantage,
      long steps,
      long seed,
      EnvironmentMix environments,
      PromptFormat format,
      int mostTokens,
      PublishedWeights weights,
      BatchStore batches,
      RunJournal journal,
      MetricsFile file,
      OrchestratorMetrics metrics,
      EventLog events,
      Consumer<Progress> progress) {
    this.config = config;
    this.steps = steps;
    this.weights = weights;
    this.events = events;
    this.progress = progress;
    this.metrics = new RunMetrics(file, metrics, environments.curricula());
    this.time = RoleTimes.clock(events.clock());
    this.fleet =
        new Fleet(
            config.replicas(),
            AdminTokenFile.read(config.adminTokenFile()),
            config.fleet(),
            new LoggedUpdates(batches.updates(), journal.resumed()),
            events);
    Optional<String> apiKey = ApiKeys.ofClient(config.apiKeyFile());
    this.client = new StreamingClient(apiKey);
    this.environmentCalls =
        new EnvironmentCalls(
            config.episodes().environmentThreads(),
            Duration.ofSeconds(config.episodes().environmentDeadlineS()),
            events.clock(),
            time);
    this.batches = batches;
    this.runJournal = journal;
    this.ledger = new GroupLedger(config, advantage, drops, steps, events.clock());
    this.journal = new RolloutJournal(journal, ledger::fail);
    this.completions =
        new Completions(
            fleet,
            client,
            format.stopTokenIds(),
            Duration.ofSeconds(config.requestDeadlineS()),
            time);
    RolloutRunner runner =
        new RolloutRunner(
            fleet,
            completions,
            environmentCalls,
            format,
            config.episodes(),
            mostTokens,
            apiKey,
            events.clock(),
            time);
    this.evaluations =
        new RunEvaluations(
            new Evaluation(environments, config, seed, runner, fleet, events.clock()),
            config.evalEvery(),
            steps,
            this.metrics,
            time);
    this.watcher =
        new WeightWatcher(
            weights, fleet, ledger, config, events, time, this.metrics, evaluations::served);
    this.curricula = new RunCurricula(environments);
    GroupRollouts rollouts =
        new GroupRollouts(config, seed, curricula, ledger, runner, this.journal, this.metrics);
    this.dispatcher =
        new Dispatcher(environments, curricula, config, ledger, runner, rollouts, watcher, time);
    this.trainerBatches = new TrainerBatches(batches, config.primeRl());
    this.packer =
        new Packer(
            config, advantage, drops, ledger, fleet, trainerBatches, this.journal, events, time);
    fleet.watch(metrics.fleet());
    metrics.run(config.asyncLevel(), fleet::policyVersion);
    metrics.times(time, fleet.times());
  }

  /** The state of every server now. */
  public List<ReplicaStatus> replicas() {
    return fleet.replicas();
  }

  /** {@link #replicas} as a JSON array, for the dashboard. */
  public String replicasJson() {
    return ReplicaStatesJson.of(replicas());
  }

  /**
   * Runs to the end, or until stopped.
   *
   * @throws OrchestratorException if the run cannot start or continue, whatever the cause
   */
  public OrchestratorReport run() throws InterruptedException {
    long begin = events.clock().nanos();
    boolean finished = false;
    OptionalDouble rewardStart = OptionalDouble.empty();
    OptionalDouble rewardEnd = OptionalDouble.empty();
    try {
      requireOwnWeights();
      if (runJournal.removed() > 0) {
        LOG.warn("the journal's last record was cut short: {} bytes removed", runJournal.removed());
      }
      journal.start();
      long version = startFleet();
      RoleTimes times = new RoleTimes(time, fleet, events);
      if (runJournal.resumed()) {
        ledger.resume(runJournal.earlier(), version);
        metrics.resume(ledger.counts());
      }
      if (runJournal.earlier().dispatched() == 0 && !metrics.reportedEvaluation(0)) {
        report(Progress.Stage.EVALUATING_START, 0, OptionalDouble.empty(), 0);
        rewardStart = evaluations.run();
      }
      watcher.start(version);
      if (runJournal.resumed()) {
        dispatcher.resume(runJournal.earlier());
        evaluations.again(version);
      }
      dispatcher.start();
      if (packAll(times) && awaitLastWeights()) {
        report(Progress.Stage.EVALUATING_END, steps, OptionalDouble.empty(), 0);
        evaluations.join(JOIN_MILLIS);
        rewardEnd = evaluations.run();
        finished = !ledger.stopping();
      }
      times.endRun();
      requireNoFailure();
      report(Progress.Stage.ENDED, ledger.batchesTaken(), rewardEnd, 0);
    } catch (RuntimeException e) {
      throw OrchestratorException.of(e);
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
        completions.generatedTokens(),
        events.clock().millisSince(begin) / 1e3);
  }

  /** Cancels all rollouts, so that {@link #run} returns soon. Idempotent. */
  public void stop() {
    ledger.stop();
    dispatcher.stop();
    evaluations.cancel();
  }

  /** Starts the fleet on the weights that it served last. Returns their version. */
  private long startFleet() throws InterruptedException {
    Target first =
        runJournal.resumed()
            ? LastServed.of(batches.updates(), weights)
            : Target.base(UpdateMode.KEEP);
    fleet
        .begin(first, Duration.ofSeconds(config.startDeadlineS()), ledger::stopping)
        .forEach(metrics::loaded);
    return first.version();
  }

  /** Weights of another run would be mistaken for weights of this one. */
  private void requireOwnWeights() {
    JournaledRun earlier = runJournal.earlier();
    long batches = earlier.taken().map(JournalRecord.Taken::step).orElse(earlier.handed().step());
    OptionalLong latest = weights.latest();
    if (latest.isPresent() && latest.getAsLong() > batches) {
      throw new OrchestratorException(
          "%s exists, but the journal of the run has %d batches: expected a run directory without weights of an earlier run"
              .formatted(weights.path(latest.getAsLong()), batches));
    }
  }

  /** Hands over all batches; false if the run failed or was stopped before. */
  private boolean packAll(RoleTimes times) throws InterruptedException {
    for (long step = ledger.batchesTaken() + 1; step <= steps; step++) {
      Optional<BatchStats> stats = packer.pack(step);
      if (stats.isEmpty()) {
        return false;
      }
      GroupTally.Settled settled = ledger.settle();
      curricula.learn(settled.ended());
      metrics.batch(stats.get(), settled.counts(), drops.take(), times.end(step));
      journal.handed(settled.handed(step, curricula.state()));
      ledger.handed();
      report(
          Progress.Stage.GENERATING,
          step,
          OptionalDouble.of(stats.get().reward()),
          stats.get().stalenessMax());
    }
    return true;
  }

  private boolean awaitLastWeights() throws InterruptedException {
    report(Progress.Stage.AWAITING_LAST_WEIGHTS, steps, OptionalDouble.empty(), 0);
    long since = events.clock().nanos();
    try (RoleClock.Activity _ = time.begin(RoleState.HELD);
        WeightsWait wait = new WeightsWait("the last weights, version " + steps, watcher, config)) {
      while (!ledger.awaitVersion(steps, POLL_NANOS)) {
        if (ledger.stopping() || ledger.failure().isPresent()) {
          return false;
        }
        watcher.requireTrainer(fleet.policyVersion(), since);
        wait.look();
      }
      return true;
    }
  }

  private void report(Progress.Stage stage, long step, OptionalDouble reward, long staleness) {
    progress.accept(
        new Progress(
            stage, step, steps, fleet.policyVersion(), reward, staleness, fleet.rollouts()));
  }

  private void requireNoFailure() {
    Optional<OrchestratorException> failure = ledger.failure();
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  private void end() throws InterruptedException {
    stop();
    try {
      boolean watcherEnded = watcher.stop(JOIN_MILLIS);
      boolean dispatcherEnded = dispatcher.join(JOIN_MILLIS);
      boolean rolloutsEnded = ledger.awaitIdle(TimeUnit.MILLISECONDS.toNanos(JOIN_MILLIS));
      evaluations.join(JOIN_MILLIS);
      boolean journalEnded = journal.stop(JOIN_MILLIS);
      if (!watcherEnded || !dispatcherEnded || !rolloutsEnded || !journalEnded) {
        LOG.error("threads of the run are still alive after {} ms", JOIN_MILLIS);
      }
    } finally {
      client.close();
      fleet.close();
      environmentCalls.close();
      trainerBatches.close();
    }
  }
}
