package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.Environment;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.environments.Split;
import dev.freshet.fleet.Fleet;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.OneLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Evaluates the policy on the held-out problems of every environment, always the same problems with
 * the same seeds. Its completions are ordinary streams, so weight updates take effect during an
 * evaluation. While rollouts are trained on, an evaluation has a fourth of the places that they
 * have: training keeps most of the servers, and the evaluation, whose streams are served in the
 * same order as theirs, advances too. Thread-safe.
 */
final class Evaluation {
  /** Places of rollouts for each place of an evaluation beside training. */
  private static final int SHARE = 4;

  private final EnvironmentMix environments;
  private final OrchestratorConfig config;
  private final RolloutRunner runner;
  private final Fleet fleet;
  private final long firstSeed;
  private final MonotonicClock clock;
  private final Calls calls = new Calls();

  Evaluation(
      EnvironmentMix environments,
      OrchestratorConfig config,
      long seed,
      RolloutRunner runner,
      Fleet fleet,
      MonotonicClock clock) {
    this.environments = environments;
    this.config = config;
    this.firstSeed = seed;
    this.runner = runner;
    this.fleet = fleet;
    this.clock = clock;
  }

  /**
   * Evaluates the policy served now; empty if cancelled or no problems are configured.
   *
   * @param besideTraining whether rollouts are generated at the same time
   * @throws OrchestratorException if every problem of an environment failed
   */
  Optional<EvaluationResult> run(boolean besideTraining) throws InterruptedException {
    if (config.evalProblems() == 0) {
      return Optional.empty();
    }
    long begin = clock.nanos();
    long version = fleet.policyVersion();
    int rollouts = config.maxInflightGroups() * config.groupSize();
    Semaphore places = new Semaphore(besideTraining ? Math.max(1, rollouts / SHARE) : rollouts);
    List<EvaluationResult.OfEnvironment> results = new ArrayList<>();
    for (Environment environment : environments.environments()) {
      EvaluationTally tally = new EvaluationTally(config.evalPassReward());
      playAll(environment, version, places).forEach(tally::add);
      if (tally.cancelled()) {
        return Optional.empty();
      }
      results.add(tally.result(environment.name(), version));
    }
    return Optional.of(
        new EvaluationResult(
            version,
            fleet.policyVersion(),
            config.evalSamples(),
            results,
            clock.millisSince(begin)));
  }

  /** Cancels the running evaluation and every later one. */
  void cancel() {
    calls.cancel();
  }

  /** The results of the answers to each problem. */
  private List<List<RolloutResult>> playAll(Environment environment, long version, Semaphore places)
      throws InterruptedException {
    int samples = config.evalSamples();
    try (var threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("evaluation-", 0).factory())) {
      List<Future<RolloutResult>> running = new ArrayList<>();
      for (int i = 0; i < config.evalProblems() * samples; i++) {
        int answer = i;
        running.add(
            threads.submit(
                () -> {
                  places.acquire();
                  try {
                    return play(environment, answer / samples, firstSeed + answer, version);
                  } finally {
                    places.release();
                  }
                }));
      }
      List<List<RolloutResult>> results = new ArrayList<>();
      try {
        for (int i = 0; i < running.size(); i++) {
          if (i % samples == 0) {
            results.add(new ArrayList<>());
          }
          results.getLast().add(running.get(i).get());
        }
      } finally {
        running.forEach(result -> result.cancel(true));
      }
      return results;
    } catch (ExecutionException e) {
      throw OrchestratorException.of(e);
    }
  }

  private RolloutResult play(Environment environment, int index, long seed, long version)
      throws InterruptedException {
    Sampling sampling = new Sampling(config.evalTemperature(), 1, config.maxTokens());
    try {
      return runner.run(
          environment,
          runner.problem(environment, Split.HELD_OUT, index, calls),
          sampling,
          seed,
          version,
          calls,
          RolloutLog.NONE);
    } catch (RolloutFailure e) {
      return calls.cancelled()
          ? new RolloutResult.Cancelled()
          : new RolloutResult.Failed(e.reason(), OneLine.of(e));
    }
  }
}
