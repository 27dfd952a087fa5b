package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * One program at one task. The episode ends when the program rewards its session or exits, or at
 * its deadline. The reward is that of the session; else that of the program's last line, a number
 * or an object with {@code reward} and, if it likes, {@code metrics}; else there is none and the
 * episode fails.
 */
final class AgentEpisode implements SelfDrivenEpisode {
  /** A longer task is on the standard input only: the system bounds environment variables. */
  private static final int MOST_TASK_CHARACTERS = 32 << 10;

  /** Characters of the program's words in a message. */
  private static final int MOST_SAID = 600;

  private static final Logger LOG = LoggerFactory.getLogger(AgentEpisode.class);

  /** Python programs write {@code NaN}, which is no JSON: what it is the value of is then known. */
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final List<String> command;
  private final PolicySession session;
  private final Path directory;
  private final AgentProcess process;
  private final Duration deadline;
  private final long startedNanos = System.nanoTime();
  private final Consumer<AgentEpisode> closed;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final AtomicBoolean asking = new AtomicBoolean();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean late;

  private AgentEpisode(
      List<String> command,
      PolicySession session,
      Path directory,
      AgentProcess process,
      Duration deadline,
      Consumer<AgentEpisode> closed) {
    this.command = command;
    this.session = session;
    this.directory = directory;
    this.process = process;
    this.deadline = deadline;
    this.closed = closed;
    var _ = process.ended().thenRun(() -> ended.complete(null));
  }

  /**
   * Begins the session and starts the program.
   *
   * @param watchdog guards the program
   * @param closed called when the episode is closed
   */
  static AgentEpisode start(
      List<String> command,
      String task,
      PolicyEndpoint policy,
      PolicySession session,
      Duration deadline,
      Watchdog watchdog,
      Consumer<AgentEpisode> closed) {
    try {
      session.begin();
      Map<String, String> environment = environment(task, policy, session);
      Path directory = Files.createTempDirectory("freshet-agent-");
      try {
        AgentProcess process =
            new AgentProcess(command, directory, environment, task + "\n", watchdog);
        return new AgentEpisode(command, session, directory, process, deadline, closed);
      } catch (IOException e) {
        delete(directory);
        session.delete();
        throw e;
      }
    } catch (IOException e) {
      throw new ForeignEnvironmentException(
          "the agent %s cannot be started: %s".formatted(command, e.getMessage()), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static Map<String, String> environment(
      String task, PolicyEndpoint policy, PolicySession session) throws InterruptedException {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.keySet().removeIf(name -> name.startsWith("FRESHET_"));
    environment.put("OPENAI_BASE_URL", session.url() + "/v1");
    environment.put("OPENAI_API_KEY", policy.apiKey().orElse("none"));
    environment.put("OPENAI_MODEL", session.model());
    environment.put("FRESHET_SESSION_URL", session.url());
    if (task.length() <= MOST_TASK_CHARACTERS) {
      environment.put("FRESHET_TASK", task);
    }
    return environment;
  }

  /** Ends the episode if its time is over, and asks the server for its reward. */
  void look() {
    process.look();
    if (ended.isDone()) {
      return;
    }
    if (System.nanoTime() - startedNanos >= deadline.toNanos()) {
      late = true;
      process.close();
      ended.complete(null);
    } else if (asking.compareAndSet(false, true)) {
      var _ =
          session
              .rewarded()
              .thenAccept(
                  rewarded -> {
                    asking.set(false);
                    if (rewarded) {
                      ended.complete(null);
                    }
                  });
    }
  }

  @Override
  public CompletionStage<Void> ended() {
    return ended;
  }

  @Override
  public PlayedEpisode result() {
    try {
      if (late) {
        throw new EpisodeDeadlineException(
            "%s: neither rewarded its session nor ended within %d s (environment.agent.deadline_s)%s"
                .formatted(this, deadline.toSeconds(), words()));
      }
      CapturedSession captured =
          session
              .capture()
              .filter(capture -> !capture.branches().isEmpty())
              .orElseThrow(
                  () ->
                      new ForeignEnvironmentException(
                          "%s: %s without a call of the policy: expected calls of OPENAI_BASE_URL%s"
                              .formatted(this, exit(), words())));
      JsonNode last =
          captured.reward().isPresent()
              ? JsonNodeFactory.instance.objectNode().put("reward", captured.reward().getAsDouble())
              : lastLine();
      Map<String, Double> metrics = metrics(last.path("metrics"));
      metrics.put("broken_prefixes", (double) captured.brokenPrefixes());
      return new PlayedEpisode(captured.branches(), reward(last), metrics);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private JsonNode lastLine() throws InterruptedException {
    String line = process.lastLine();
    try {
      JsonNode last = JSON.readTree(line);
      return last.isNumber() ? JsonNodeFactory.instance.objectNode().set("reward", last) : last;
    } catch (JacksonException e) {
      return JsonNodeFactory.instance.missingNode(); // It is no reward.
    }
  }

  private double reward(JsonNode last) {
    JsonNode reward = last.path("reward");
    if (reward.isNumber()) {
      return reward.asDouble();
    }
    if (!process.isAlive() && process.status() != 0) {
      throw new ForeignEnvironmentException("%s: %s%s".formatted(this, exit(), words()));
    }
    throw new UnusableStepException(
        Kind.REWARD,
        "%s: %s without a reward: expected POST /reward of the session, or a last line such as {\"reward\": 0.5}%s"
            .formatted(this, exit(), words()));
  }

  private static Map<String, Double> metrics(JsonNode given) {
    Map<String, Double> metrics = new HashMap<>();
    for (Map.Entry<String, JsonNode> metric : given.properties()) {
      if (!metric.getValue().isNumber()) {
        throw new UnusableStepException(
            Kind.REWARD,
            "metric %s of an agent is %s, expected a number"
                .formatted(metric.getKey(), metric.getValue()));
      }
      metrics.put(metric.getKey(), metric.getValue().asDouble());
    }
    return metrics;
  }

  private String exit() {
    return process.isAlive() ? "it was ended" : "it ended with status " + process.status();
  }

  private String words() {
    try {
      String said = process.said(MOST_SAID);
      return said.isEmpty() ? "" : "; it wrote: " + said;
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static ForeignEnvironmentException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new ForeignEnvironmentException("interrupted", e);
  }

  /** Kills the program, deletes its directory and ends its session. Idempotent. */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    process.close();
    ended.complete(null);
    delete(directory);
    closed.accept(this);
    try {
      session.delete();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("the directory {} of an agent cannot be deleted: {}", directory, e.toString());
    }
  }

  @Override
  public String toString() {
    return "agent " + command;
  }
}
