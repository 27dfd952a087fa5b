package dev.freshet.cli;

import dev.freshet.environments.EnvironmentConfig;
import dev.freshet.trainer.LossRule;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;

/**
 * The configuration of a run, one record a section of the TOML file. What is left out has the
 * values of {@link #DEFAULTS}, which train a small decoder to reverse text in minutes on two cores.
 */
public record FreshetConfig(
    Run run,
    Model model,
    EnvironmentConfig environment,
    Sft sft,
    Inference inference,
    Orchestrator orchestrator,
    Trainer trainer,
    Telemetry telemetry) {

  /** The first prompt token, the separator and the end token around a text. */
  private static final int FRAME_TOKENS = 3;

  private static final String LOOPBACK = "127.0.0.1";
  private static final String HTTP_URLS = "URLs such as http://127.0.0.1:8000";

  public FreshetConfig {
    int needed = environment.maxLength() + FRAME_TOKENS - 1 + orchestrator.maxTokens();
    atLeast("trainer.packLength", trainer.packLength(), needed);
    atLeast("inference.maxModelLen", inference.maxModelLen(), needed);
    atLeast("model.maxPositions", model.maxPositions(), needed);
    atLeast("orchestrator.maxTokens", orchestrator.maxTokens(), environment.maxLength() + 1);
  }

  private static void atLeast(String key, int value, int needed) {
    if (value < needed) {
      throw new IllegalArgumentException(
          "%s: expected at least %d, for texts of environment.max_length and orchestrator.max_tokens"
              .formatted(key, needed));
    }
  }

  /**
   * @param dir the run directory; empty for a fresh one below {@code runs/}
   * @param steps how many policy-gradient steps to take
   * @param seed decides the weights, the problems and the warm-up
   */
  public record Run(String dir, long steps, long seed) {
    public Run {
      require(steps >= 1, "steps", "at least 1");
    }
  }

  /**
   * The decoder to make.
   *
   * @param path a Hugging Face directory to start from; empty to make a decoder of the shape below
   */
  public record Model(
      String path,
      String family,
      int layers,
      int hiddenSize,
      int intermediateSize,
      int heads,
      int kvHeads,
      int maxPositions) {
    public Model {
      require(
          List.of("llama", "mistral", "qwen2", "qwen3").contains(family),
          "family",
          "one of llama, mistral, qwen2, qwen3");
      positive("layers", layers);
      positive("hiddenSize", hiddenSize);
      positive("intermediateSize", intermediateSize);
      positive("heads", heads);
      positive("kvHeads", kvHeads);
      positive("maxPositions", maxPositions);
      require(heads % kvHeads == 0, "kvHeads", "a divisor of heads");
      require(hiddenSize % (2 * heads) == 0, "hiddenSize", "a multiple of twice the heads");
    }
  }

  /**
   * The supervised warm-up.
   *
   * @param steps 0 for none
   * @param batchSize demonstrations a step
   * @param labelSmoothing the share of each target that is spread over the whole vocabulary; it
   *     keeps the policy unsure, so that it explores and its reward has room to rise
   * @param threads libtorch's threads
   */
  public record Sft(int steps, int batchSize, double lr, double labelSmoothing, int threads) {
    public Sft {
      require(steps >= 0, "steps", "0 or more");
      positive("batchSize", batchSize);
      require(lr > 0, "lr", "above 0");
      require(
          labelSmoothing >= 0 && labelSmoothing < 1, "labelSmoothing", "at least 0 and below 1");
      positive("threads", threads);
    }
  }

  /**
   * The inference server.
   *
   * @param host address of the data listener
   * @param port of the data listener; 0 for any free one
   * @param adminHost address of the admin listener
   * @param adminPort of the admin listener; 0 for any free one
   * @param adminTokenFile a file whose first line weight operations must carry; empty for none
   * @param dtype what to compute in; auto for what the checkpoint is stored in
   */
  public record Inference(
      String host,
      int port,
      String adminHost,
      int adminPort,
      String adminTokenFile,
      String modelName,
      int maxSequences,
      int maxModelLen,
      int maxWaiting,
      int prefillTokens,
      int threads,
      Precision dtype) {
    public Inference {
      require(!host.isBlank(), "host", "an address");
      require(!adminHost.isBlank(), "adminHost", "an address");
      portNumber("port", port);
      portNumber("adminPort", adminPort);
      positive("maxSequences", maxSequences);
      positive("maxModelLen", maxModelLen);
      positive("maxWaiting", maxWaiting);
      positive("prefillTokens", prefillTokens);
      positive("threads", threads);
    }

    /**
     * The same server on any free ports of the loopback interface and without a token, for one that
     * only this process talks to.
     */
    Inference onFreePorts() {
      return new Inference(
          LOOPBACK,
          0,
          LOOPBACK,
          0,
          "",
          modelName,
          maxSequences,
          maxModelLen,
          maxWaiting,
          prefillTokens,
          threads,
          dtype);
    }
  }

  /** What the engine computes in. */
  public enum Precision {
    AUTO,
    FLOAT32,
    BFLOAT16,
    FLOAT16
  }

  /**
   * The orchestrator.
   *
   * @param servers data URLs of the inference servers, for {@code freshet orchestrate}
   * @param adminServers their admin URLs, in the same order
   * @param adminTokenFile a file with the token that their weight operations must carry; empty for
   *     none
   * @param httpHost address of the listener that says how {@code freshet orchestrate} is
   * @param httpPort its port; 0 for any free one
   * @param groupSize rollouts of one problem
   * @param groupsPerBatch problems of one training batch
   * @param asyncLevel how many steps a rollout's policy may lag behind the one being trained
   * @param advantage mean, or grpo to divide by the group's standard deviation
   * @param evalEvery evaluate each so many steps as well; 0 for the start and the end alone
   */
  public record Orchestrator(
      List<String> servers,
      List<String> adminServers,
      String adminTokenFile,
      String httpHost,
      int httpPort,
      int groupSize,
      int groupsPerBatch,
      int asyncLevel,
      int maxInflightGroups,
      double temperature,
      double topP,
      int maxTokens,
      boolean filterZeroAdvantage,
      AdvantageRule advantage,
      int evalProblems,
      long evalEvery,
      double evalTemperature,
      long startDeadlineS,
      long requestDeadlineS,
      long updateDeadlineS,
      long trainerDeadlineS) {
    public Orchestrator {
      servers = List.copyOf(servers);
      adminServers = List.copyOf(adminServers);
      require(!servers.isEmpty(), "servers", "at least one URL");
      require(
          servers.size() == adminServers.size(),
          "adminServers",
          "as many URLs as servers, in the same order");
      require(servers.stream().allMatch(FreshetConfig::isHttpUrl), "servers", HTTP_URLS);
      require(adminServers.stream().allMatch(FreshetConfig::isHttpUrl), "adminServers", HTTP_URLS);
      require(!httpHost.isBlank(), "httpHost", "an address");
      portNumber("httpPort", httpPort);
      require(groupSize >= 1, "groupSize", "at least 1");
      require(
          groupSize >= 2 || !filterZeroAdvantage,
          "groupSize",
          "at least 2 with filter_zero_advantage: a rollout alone has no advantage");
      positive("groupsPerBatch", groupsPerBatch);
      require(asyncLevel >= 0, "asyncLevel", "0 or more");
      positive("maxInflightGroups", maxInflightGroups);
      require(temperature >= 0, "temperature", "0 or more");
      require(topP > 0 && topP <= 1, "topP", "above 0 and at most 1");
      positive("maxTokens", maxTokens);
      require(evalProblems >= 0, "evalProblems", "0 or more");
      require(evalEvery >= 0, "evalEvery", "0 or more");
      require(evalTemperature >= 0, "evalTemperature", "0 or more");
      require(startDeadlineS >= 1, "startDeadlineS", "at least 1");
      require(requestDeadlineS >= 1, "requestDeadlineS", "at least 1");
      require(updateDeadlineS >= 1, "updateDeadlineS", "at least 1");
      require(trainerDeadlineS >= 1, "trainerDeadlineS", "at least 1");
    }
  }

  /** How much better than its group a rollout was. */
  public enum AdvantageRule {
    MEAN,
    GRPO
  }

  /**
   * The trainer.
   *
   * @param packLength tokens of a packed row
   * @param microRows rows that go through the model at once
   * @param keepWeights how many of the newest checkpoints stay on disk
   * @param httpHost address of the listener that says how {@code freshet train} is
   * @param httpPort its port; 0 for any free one
   */
  public record Trainer(
      LossRule loss,
      double lr,
      int warmupSteps,
      double beta1,
      double beta2,
      double eps,
      double weightDecay,
      double maxGradNorm,
      int packLength,
      int microRows,
      int threads,
      int keepWeights,
      long batchDeadlineS,
      String httpHost,
      int httpPort) {
    public Trainer {
      require(lr > 0, "lr", "above 0");
      require(warmupSteps >= 0, "warmupSteps", "0 or more");
      require(beta1 >= 0 && beta1 < 1, "beta1", "at least 0 and below 1");
      require(beta2 >= 0 && beta2 < 1, "beta2", "at least 0 and below 1");
      require(eps > 0, "eps", "above 0");
      require(weightDecay >= 0, "weightDecay", "0 or more");
      require(maxGradNorm > 0, "maxGradNorm", "above 0");
      positive("packLength", packLength);
      positive("microRows", microRows);
      positive("threads", threads);
      require(keepWeights >= 2, "keepWeights", "at least 2: one is served while the next is made");
      require(batchDeadlineS >= 1, "batchDeadlineS", "at least 1");
      require(!httpHost.isBlank(), "httpHost", "an address");
      portNumber("httpPort", httpPort);
    }
  }

  /**
   * What is told to others while a run goes on.
   *
   * @param otlpEndpoint where spans of weight updates are sent by OTLP over HTTP; empty for nowhere
   */
  public record Telemetry(String otlpEndpoint) {
    public Telemetry {
      require(
          otlpEndpoint.isEmpty() || isHttpUrl(otlpEndpoint),
          "otlpEndpoint",
          "empty, or a URL such as http://127.0.0.1:4318");
    }
  }

  /** A run that learns to reverse text. */
  public static final FreshetConfig DEFAULTS =
      new FreshetConfig(
          new Run("", 250, 1),
          new Model("", "llama", 4, 128, 384, 4, 2, 128),
          new EnvironmentConfig("reverse-text", "abcdefghijklmnopqrstuvwxyz", 3, 6),
          new Sft(180, 128, 3e-3, 0.5, 2),
          new Inference(
              LOOPBACK, 8000, LOOPBACK, 8001, "", "policy", 48, 128, 4096, 4096, 1, Precision.AUTO),
          new Orchestrator(
              List.of("http://127.0.0.1:8000"),
              List.of("http://127.0.0.1:8001"),
              "",
              LOOPBACK,
              8002,
              16,
              8,
              1,
              8,
              1.0,
              1.0,
              10,
              true,
              AdvantageRule.GRPO,
              256,
              0,
              1.0,
              60,
              120,
              60,
              600),
          new Trainer(
              LossRule.DPPO,
              1.5e-4,
              20,
              0.98,
              0.999,
              1e-8,
              0.0,
              1.0,
              64,
              64,
              1,
              3,
              600,
              LOOPBACK,
              8003),
          new Telemetry(""));

  private static boolean isHttpUrl(String text) {
    try {
      URI url = new URI(text);
      return "http".equals(url.getScheme())
          && url.getHost() != null
          && url.getRawUserInfo() == null; // The configuration is shown to whoever looks on.
    } catch (URISyntaxException e) {
      return false; // The caller says what is expected.
    }
  }

  private static void positive(String component, int value) {
    require(value >= 1, component, "at least 1");
  }

  private static void portNumber(String component, int value) {
    require(value >= 0 && value <= 65535, component, "0 to 65535");
  }

  private static void require(boolean holds, String component, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(component + ": expected " + allowed);
    }
  }
}
