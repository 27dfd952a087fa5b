package dev.freshet.environments;

import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Any program as an environment: it is started for each episode with a task and the base URL of a
 * session of the policy's server, which records what it calls. It rewards the session, or writes
 * the reward as its last line. One thread looks after the programs; closing kills them, as does the
 * end of this process.
 */
public final class Agent implements SelfDrivenEnvironment {
  static final String NAME = "agent";

  private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
  private static final Duration CONNECT_DEADLINE = Duration.ofSeconds(10);
  private static final long LOOK_MILLIS = 1_000;

  private final AgentConfig config;
  private final TaskFile tasks;
  private final List<String> command;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_DEADLINE)
          .build();
  private final Watchdog watchdog;
  private final Set<AgentEpisode> open = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("freshet-agents").factory());

  /**
   * @param seed decides the order of the tasks
   * @throws EnvironmentException if there is no command, or the tasks cannot be read
   */
  public Agent(AgentConfig config, long seed) {
    if (config.command().isEmpty()) {
      throw new EnvironmentException(
          "environment.agent.command: expected a program and its arguments, got none; set it");
    }
    this.config = config;
    this.tasks = new TaskFile("environment.agent.tasks", config.tasks(), seed);
    this.command =
        config.command().stream()
            .map(
                word ->
                    word.startsWith("./") || word.startsWith("../")
                        ? Path.of(word).toAbsolutePath().normalize().toString()
                        : word)
            .toList();
    this.watchdog = Watchdog.start();
    var _ =
        watch.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void look() {
    for (AgentEpisode episode : open) {
      try {
        episode.look();
      } catch (RuntimeException e) {
        LOG.warn("{}: cannot be looked after", episode, e);
      }
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  /** The text of a problem is the line of the task. */
  @Override
  public Problem problem(Split split, long index) {
    return tasks.problem(split, index);
  }

  @Override
  public int maxEpisodes() {
    return config.processes();
  }

  @Override
  public SelfDrivenEpisode start(Problem problem, PolicyEndpoint policy) {
    AgentEpisode episode =
        AgentEpisode.start(
            command,
            problem.text(),
            policy,
            new PolicySession(client, policy),
            Duration.ofSeconds(config.deadlineS()),
            watchdog,
            open::remove);
    open.add(episode);
    return episode;
  }

  @Override
  public void close() {
    watch.shutdownNow();
    open.forEach(AgentEpisode::close);
    watchdog.close();
    client.shutdownNow();
  }
}
