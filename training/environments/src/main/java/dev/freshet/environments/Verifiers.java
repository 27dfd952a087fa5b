package dev.freshet.environments;

import java.time.Duration;

/**
 * An environment behind an environment server of verifiers (the Python package {@code verifiers},
 * version 0.4 or later). The server plays an episode: it renders the messages, asks the inference
 * server for turns by token ids, and returns the tokens, logprobs and rewards. A problem is the
 * data of a task, which the server does not load itself.
 */
public final class Verifiers implements SelfDrivenEnvironment {
  static final String NAME = "verifiers";

  private final VerifiersConfig config;
  private final TaskFile tasks;
  private final VerifiersConnection connection;

  /**
   * Connects at once, and waits for no answer.
   *
   * @param seed decides the order of the tasks
   * @throws EnvironmentException if the file of tasks cannot be used
   */
  public Verifiers(VerifiersConfig config, long seed) {
    this.config = config;
    this.tasks = new TaskFile("environment.verifiers.tasks", config.tasks(), seed);
    this.connection =
        new VerifiersConnection(
            config.address(), Duration.ofSeconds(config.deadlineS()), System::nanoTime);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem problem(Split split, long index) {
    return tasks.problem(split, index);
  }

  @Override
  public SelfDrivenEpisode start(Problem problem, PolicyEndpoint policy) {
    VerifiersRun run =
        new VerifiersRun(
            connection,
            VerifiersRequest.run(config, problem.text(), policy),
            policy.policyVersion());
    connection.start(run);
    return run;
  }

  @Override
  public int maxEpisodes() {
    return config.episodes();
  }

  @Override
  public void close() {
    connection.close();
  }
}
