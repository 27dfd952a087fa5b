package dev.freshet.environments;

import java.net.http.HttpClient;
import java.time.Duration;

/**
 * An environment behind a server of OpenEnv (the Python package {@code openenv-core}): an episode
 * is a session of its WebSocket {@code /ws}. A problem is the seed of a reset, so the attempts at
 * it are equal if the environment's reset depends on its seed alone. An answer is an action with
 * one field; an observation, or one field of it, is the next message. The reward of an episode is
 * the sum of the rewards of its steps.
 */
public final class OpenEnv implements TurnEnvironment {
  static final String NAME = "openenv";

  private final OpenEnvConfig config;
  private final HttpClient client;
  private final Draws draws;

  /**
   * Connects with the first episode.
   *
   * @param seed decides which seeds are drawn
   */
  public OpenEnv(OpenEnvConfig config, long seed) {
    this.config = config;
    this.client =
        HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(config.deadlineS())).build();
    this.draws =
        new Draws(NAME, seed, random -> Integer.toString(random.nextInt(Integer.MAX_VALUE)));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem problem(Split split, long index) {
    return draws.problem(split, index);
  }

  @Override
  public Episode start(Problem problem) {
    return new OpenEnvSession(client, config, Long.parseLong(problem.text()));
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
