package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.Environment;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.fleet.Fleet;
import dev.freshet.trace.MonotonicClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * The mean reward on the held-out problems, always the same problems with the same seeds. Its
 * completions are ordinary streams, so weight updates may take effect during an evaluation.
 * Thread-safe.
 */
final class Evaluation {
  private final Environment environment;
  private final OrchestratorConfig config;
  private final RolloutRunner runner;
  private final Fleet fleet;
  private final long firstSeed;
  private final MonotonicClock clock;
  private final Calls calls = new Calls();

  Evaluation(
      Environment environment,
      OrchestratorConfig config,
      long seed,
      RolloutRunner runner,
      Fleet fleet,
      MonotonicClock clock) {
    this.environment = environment;
    this.config = config;
    this.firstSeed = seed;
    this.runner = runner;
    this.fleet = fleet;
    this.clock = clock;
  }

  /**
   * Evaluates the policy served now; empty if cancelled or no problems are configured.
   *
   * @throws OrchestratorException if every problem failed
   */
  Optional<EvaluationResult> run() throws InterruptedException {
    if (config.evalProblems() == 0) {
      return Optional.empty();
    }
    long begin = clock.nanos();
    long version = fleet.policyVersion();
    double reward = 0;
    int done = 0;
    int failed = 0;
    String why = "";
    for (RolloutResult result : playAll(version)) {
      switch (result) {
        case RolloutResult.Done d -> {
          reward += d.reward();
          done++;
        }
        case RolloutResult.Failed f -> {
          why = f.why();
          failed++;
        }
        case RolloutResult.Cancelled c -> {
          return Optional.empty();
        }
      }
    }
    if (done == 0) {
      throw new OrchestratorException(
          "evaluation of version %d: all %d problems failed, the last: %s"
              .formatted(version, failed, why));
    }
    return Optional.of(
        new EvaluationResult(
            version, fleet.policyVersion(), reward / done, done, failed, clock.millisSince(begin)));
  }

  /** Cancels the running evaluation and every later one. */
  void cancel() {
    calls.cancel();
  }

  private List<RolloutResult> playAll(long version) throws InterruptedException {
    Sampling sampling = new Sampling(config.evalTemperature(), 1, config.maxTokens());
    Semaphore places = new Semaphore(config.maxInflightGroups() * config.groupSize());
    try (var threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("evaluation-", 0).factory())) {
      List<Future<RolloutResult>> running = new ArrayList<>();
      for (int i = 0; i < config.evalProblems(); i++) {
        Problem problem = environment.problem(Split.HELD_OUT, i);
        long seed = firstSeed + i;
        running.add(
            threads.submit(
                () -> {
                  places.acquire();
                  try {
                    return runner.run(problem, sampling, seed, version, calls);
                  } finally {
                    places.release();
                  }
                }));
      }
      List<RolloutResult> results = new ArrayList<>();
      try {
        for (Future<RolloutResult> result : running) {
          results.add(result.get());
        }
      } finally {
        running.forEach(result -> result.cancel(true));
      }
      return results;
    } catch (ExecutionException e) {
      throw OrchestratorException.of(e);
    }
  }
}
