package dev.freshet.orchestrator;

import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The evaluations of a run: alone at its start and its end, and beside training of every so many
 * versions, one at a time. Each is reported in the metrics and the log. Thread-safe.
 */
final class RunEvaluations {
  private static final Logger LOG = LoggerFactory.getLogger(RunEvaluations.class);

  private final Evaluation evaluation;
  private final long every;
  private final long steps;
  private final RunMetrics metrics;
  private final RoleClock time;
  private Optional<Thread> periodic = Optional.empty();

  /**
   * @param every how many versions lie between two evaluations beside training; 0: there are none
   * @param steps the last version, which is evaluated alone
   * @param time the orchestrator's
   */
  RunEvaluations(
      Evaluation evaluation, long every, long steps, RunMetrics metrics, RoleClock time) {
    this.evaluation = evaluation;
    this.every = every;
    this.steps = steps;
    this.metrics = metrics;
    this.time = time;
  }

  /** Evaluates the policy while nothing is trained on. Returns the reward, if it was evaluated. */
  OptionalDouble run() throws InterruptedException {
    try (RoleClock.Activity _ = time.begin(RoleState.EVALUATING)) {
      Optional<EvaluationResult> result = evaluation.run(false);
      result.ifPresent(this::report);
      return result.map(r -> OptionalDouble.of(r.reward())).orElse(OptionalDouble.empty());
    }
  }

  private void report(EvaluationResult result) {
    metrics.evaluated(result);
    for (EvaluationResult.OfEnvironment environment : result.environments()) {
      LOG.info(
          "held-out reward {} of version {} on {}, pass@{} {} ({} problems, {} answers failed)",
          String.format(Locale.ROOT, "%.3f", environment.average()),
          result.policyVersion(),
          environment.name(),
          result.samples(),
          String.format(Locale.ROOT, "%.3f", environment.passK()),
          environment.problems(),
          environment.failed());
    }
  }

  /** A version is served: starts its evaluation beside training if one is due. */
  synchronized void served(long version) {
    if (every == 0 || version == 0 || version % every != 0 || version >= steps) {
      return;
    }
    if (periodic.filter(Thread::isAlive).isPresent()) {
      LOG.info("version {} is not evaluated: the previous evaluation is still running", version);
      return;
    }
    periodic =
        Optional.of(
            Thread.ofVirtual()
                .name("evaluation-of-" + version)
                .start(() -> besideTraining(version)));
  }

  private void besideTraining(long version) {
    try {
      evaluation.run(true).ifPresent(this::report);
    } catch (InterruptedException | RuntimeException e) {
      LOG.warn("evaluation of version {} failed: {}", version, OneLine.of(e));
    }
  }

  /** Starts the evaluation beside training that an earlier process did not finish. */
  void again(long version) {
    if (!metrics.reportedEvaluation(version)) {
      served(version);
    }
  }

  /** Joins the evaluation beside training. */
  void join(long millis) throws InterruptedException {
    Optional<Thread> running;
    synchronized (this) {
      running = periodic;
    }
    if (running.isPresent()) {
      running.get().join(Duration.ofMillis(millis));
    }
  }

  /** Cancels the running evaluation and every later one. */
  void cancel() {
    evaluation.cancel();
  }
}
