package dev.freshet.environments;

import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;

/**
 * An environment behind a resources server of NeMo Gym (the Python package {@code nemo-gym}): the
 * policy answers the prompt of a row, and the server's {@code /verify} scores the answer. A problem
 * is a row of the server's data set. Rows whose tasks need tools are refused.
 */
public final class NemoGym implements TurnEnvironment {
  static final String NAME = "nemo-gym";

  private final NemoGymConfig config;
  private final TaskFile rows;
  private final HttpClient client;
  private final InstantSource clock;

  /**
   * Connects with the first episode.
   *
   * @param seed decides the order of the rows
   * @param clock dates the responses that are verified
   * @throws EnvironmentException if the file of rows cannot be used
   */
  public NemoGym(NemoGymConfig config, long seed, InstantSource clock) {
    this.config = config;
    this.clock = clock;
    this.rows = new TaskFile("environment.nemo_gym.tasks", config.tasks(), seed);
    // HTTP/1.1 alone: uvicorn drops the body of a request that offers an upgrade to HTTP/2.
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(config.deadlineS()))
            .build();
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem problem(Split split, long index) {
    return rows.problem(split, index);
  }

  @Override
  public Episode start(Problem problem) {
    return new NemoGymEpisode(client, config, problem.text(), clock);
  }

  @Override
  public int maxEpisodes() {
    return config.sessions();
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
