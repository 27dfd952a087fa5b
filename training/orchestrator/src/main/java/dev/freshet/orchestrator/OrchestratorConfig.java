package dev.freshet.orchestrator;

import dev.freshet.config.Check;
import dev.freshet.config.ConfigLoader;
import dev.freshet.config.Inline;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import dev.freshet.fleet.FleetOptions;
import dev.freshet.fleet.PathMap;
import dev.freshet.fleet.PhaseDeadlines;
import dev.freshet.fleet.ReplicaSpec;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.weights.Broadcasts;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.PublishedWeights;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** The configuration of the orchestrator. */
@Section(
    "The orchestrator: samples and scores rollouts, hands batches to the trainer, updates the"
        + " weights of the servers.")
public record OrchestratorConfig(
    @Key(
            def = "http://127.0.0.1:8000",
            doc =
                "for `freshet orchestrate`: data URL of each server; URL=KIND for another program"
                    + " than freshet: vllm, vllm-lora, sglang, prime-rl or dynamo; then +HERE:THERE where its"
                    + " host sees directory HERE of this host at another path")
        List<String> servers,
    @Key(
            def = "http://127.0.0.1:8001",
            doc =
                "admin URL of each server, in the same order; empty for a program that has one"
                    + " listener")
        List<String> adminServers,
    @Key(def = "", doc = "file whose first line is the servers' admin token; empty: no token")
        String adminTokenFile,
    @Key(
            def = "",
            doc =
                "file whose first line is the API key of the servers' completions; empty: that of the"
                    + " environment variable FRESHET_API_KEY, if it is set")
        String apiKeyFile,
    @Key(
            def = "",
            doc =
                "for `freshet orchestrate`: directory in which prime-rl's trainer publishes step_N,"
                    + " by either of its protocols; empty: weights/ of the run directory")
        String broadcasts,
    @Key(def = "127.0.0.1", doc = "address where `freshet orchestrate` serves GET /metrics")
        String httpHost,
    @Key(def = "8002", doc = "0: any free port") int httpPort,
    @Key(def = "16", doc = "answers per problem; advantages are relative to the group")
        int groupSize,
    @Key(def = "8", doc = "problems per training step") int groupsPerBatch,
    @Key(
            def = "1",
            doc = "most steps by which a rollout's policy may lag behind the one being trained")
        int asyncLevel,
    @Key(def = "8", doc = "most problems being answered at once") int maxInflightGroups,
    @Key(
            def = "1.0",
            doc =
                "how long a complete batch waits for problems being answered that would be too old"
                    + " for the next one, once the trainer is free: in mean times between batches;"
                    + " 0: it does not wait, and they are dropped")
        double stragglerWait,
    @Key(
            def = "1.0",
            doc =
                "sampling temperature; the loss is that of the distribution at this"
                    + " temperature. A vLLM server must be started with --logprobs-mode"
                    + " processed_logprobs if it is not 1")
        double temperature,
    @Key(
            def = "1.0",
            doc =
                "1: the trainer computes probabilities over the whole vocabulary, so those of a"
                    + " truncated distribution cannot be trained on")
        double topP,
    @Key(
            def = "10",
            doc =
                "most tokens of an answer, a turn of a rollout; above environment.max_length, to"
                    + " leave room for the end token")
        int maxTokens,
    @Inline EpisodeConfig episodes,
    @Key(
            def = "true",
            doc =
                "drop groups whose answers all have the same reward, and generate others in their"
                    + " place (DAPO's dynamic sampling)")
        boolean filterZeroAdvantage,
    @Key(
            def = "false",
            doc =
                "do not train on answers that the token limit ended; they still count in the"
                    + " advantages of their group")
        boolean filterOverlong,
    @Key(
            def = "0",
            doc =
                "do not train on answers that end in a loop: so many last tokens repeat those up to"
                    + " 64 before them; 0: train on all")
        int filterRepetition,
    @Key(
            def = "0",
            doc =
                "penalty on over-long answers, before advantages are computed: it grows from 0 to 1"
                    + " over this many tokens before max_tokens; 0: no penalty")
        int overlongBuffer,
    @Key(
            def = "algorithm",
            doc =
                "algorithm: what trainer.algorithm is defined with; mean: reward minus group mean;"
                    + " grpo: that divided by the group's standard deviation; rloo: reward minus"
                    + " mean of the others; batch, mean_batch: reward, or reward minus group mean,"
                    + " in standard deviations of the batch")
        AdvantageChoice advantage,
    @Key(
            def = "256",
            doc =
                "held-out problems of each environment, evaluated at the start and at the end; 0:"
                    + " no evaluation")
        int evalProblems,
    @Key(def = "1", doc = "answers to each of them: the k of pass@k and average@k") int evalSamples,
    @Key(def = "1.0", doc = "reward from which on an answer passes, for pass@k")
        double evalPassReward,
    @Key(def = "0", doc = "steps between further evaluations; 0: only at the start and at the end")
        long evalEvery,
    @Key(def = "1.0", doc = "sampling temperature of evaluations") double evalTemperature,
    @Key(def = "60", doc = "for all servers to be healthy at the start") long startDeadlineS,
    @Key(def = "120", doc = "for one completion") long requestDeadlineS,
    @Key(
            def = "60",
            doc =
                "for a server to prepare, and again to apply, a weight update; the largest models"
                    + " load for hours")
        long updateDeadlineS,
    @Key(def = "300", doc = "for a server of another program to pause, and again to resume")
        long pauseDeadlineS,
    @Key(
            def = "0",
            doc =
                "servers that must serve new weights, or the update is rolled back; 0: all that"
                    + " were serving")
        int updateQuorum,
    @Key(
            def = "false",
            doc =
                "compare the weights of servers after every load, by the checksums that vLLM"
                    + " computes; generation is held while it does")
        boolean compareWeights,
    @Key(def = "600", doc = "for a server to serve again while none does or no update succeeds")
        long recoveryDeadlineS,
    @Key(def = "600", doc = "for new weights, once the pipeline is blocked on them")
        long trainerDeadlineS,
    PrimeRlConfig primeRl) {
  /** Below it, engines are greedy. */
  private static final double LEAST_TEMPERATURE = 1e-5;

  private static final String HTTP_URLS = "URLs such as http://127.0.0.1:8000";

  public OrchestratorConfig {
    servers = List.copyOf(servers);
    adminServers = List.copyOf(adminServers);
    Check.that(!servers.isEmpty(), "servers", "at least one URL");
    Check.that(
        servers.size() == adminServers.size(),
        "adminServers",
        "as many URLs as servers, in the same order");
    Check.that(
        servers.stream().map(OrchestratorConfig::url).allMatch(Check::isServerUrl),
        "servers",
        HTTP_URLS);
    Check.that(
        servers.stream().allMatch(OrchestratorConfig::knowsKind),
        "servers",
        "URL or URL=KIND with one of "
            + Dialects.names()
            + ", then any number of +HERE:THERE with absolute paths");
    Check.that(
        areAdmins(adminServers, servers),
        "adminServers",
        HTTP_URLS + "; empty only for a server that has one listener");
    Check.that(
        servers.stream().map(OrchestratorConfig::url).distinct().count() == servers.size(),
        "servers",
        "every URL only once");
    Check.address("httpHost", httpHost);
    Check.port("httpPort", httpPort);
    Check.positive("groupSize", groupSize);
    Check.that(
        groupSize >= 2 || !filterZeroAdvantage,
        "groupSize",
        "at least 2 with filter_zero_advantage: a rollout alone has no advantage");
    Check.positive("groupsPerBatch", groupsPerBatch);
    Check.notNegative("asyncLevel", asyncLevel);
    Check.positive("maxInflightGroups", maxInflightGroups);
    Check.notNegative("stragglerWait", stragglerWait);
    Check.that(
        temperature >= LEAST_TEMPERATURE && Double.isFinite(temperature),
        "temperature",
        "at least 0.00001: a greedy rollout has no distribution to train on");
    Check.that(
        topP == 1,
        "topP",
        "1: the trainer's ratio is of the whole distribution; temperature may be any");
    Check.positive("maxTokens", maxTokens);
    Check.notNegative("filterRepetition", filterRepetition);
    Check.that(
        overlongBuffer >= 0 && overlongBuffer <= maxTokens, "overlongBuffer", "0 to max_tokens");
    Check.notNegative("evalProblems", evalProblems);
    Check.positive("evalSamples", evalSamples);
    Check.notNegative("evalPassReward", evalPassReward);
    Check.notNegative("evalEvery", evalEvery);
    Check.that(
        evalTemperature >= 0 && Double.isFinite(evalTemperature), "evalTemperature", "0 or more");
    Check.positive("startDeadlineS", startDeadlineS);
    Check.positive("requestDeadlineS", requestDeadlineS);
    Check.positive("updateDeadlineS", updateDeadlineS);
    Check.positive("pauseDeadlineS", pauseDeadlineS);
    Check.notNegative("updateQuorum", updateQuorum);
    Check.that(updateQuorum <= servers.size(), "updateQuorum", "at most the number of servers");
    Check.positive("recoveryDeadlineS", recoveryDeadlineS);
    Check.positive("trainerDeadlineS", trainerDeadlineS);
  }

  private static String url(String server) {
    return PathMap.cut(server).split("=", 2)[0];
  }

  private static boolean knowsKind(String server) {
    try {
      var _ = ReplicaSpec.of(server, "", Dialects.FRESHET);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static boolean areAdmins(List<String> admins, List<String> servers) {
    return IntStream.range(0, servers.size())
        .allMatch(
            i ->
                admins.get(i).isEmpty()
                    ? !ReplicaSpec.of(servers.get(i), "", Dialects.FRESHET)
                        .dialect()
                        .hasAdminListener()
                    : Check.isServerUrl(admins.get(i)));
  }

  /** The servers, in order. */
  public List<ReplicaSpec> replicas() {
    return IntStream.range(0, servers.size())
        .mapToObj(i -> ReplicaSpec.of(servers.get(i), adminServers.get(i), Dialects.FRESHET))
        .toList();
  }

  /** What the trainer publishes; in {@code own} unless another directory is configured. */
  public PublishedWeights published(CheckpointStore own) {
    return broadcasts.isEmpty() ? own : new Broadcasts(Path.of(broadcasts));
  }

  /** Which rollouts are not trained on. */
  RolloutFilter rolloutFilter() {
    return new RolloutFilter(filterOverlong, filterRepetition);
  }

  /** What over-long answers lose before advantages are computed. */
  OverlongPenalty overlongPenalty() {
    return new OverlongPenalty(maxTokens, overlongBuffer);
  }

  /** How the servers are updated and looked after. */
  FleetOptions fleet() {
    Duration update = Duration.ofSeconds(updateDeadlineS);
    FleetOptions defaults = FleetOptions.of(update);
    return new FleetOptions(
        new PhaseDeadlines(
            update, Duration.ofSeconds(pauseDeadlineS), update, defaults.deadlines().ask()),
        updateQuorum,
        defaults.interval(),
        Duration.ofSeconds(recoveryDeadlineS),
        Optional.empty(),
        compareWeights);
  }

  /**
   * The same configuration with one other server in place of {@code servers}, and the weights and
   * batches of the run directory.
   */
  public OrchestratorConfig withServer(URI data, URI admin) {
    return ConfigLoader.with(
        this,
        Map.of(
            "servers",
            data.toString(),
            "admin_servers",
            admin.toString(),
            "broadcasts",
            "",
            "prime_rl.transport",
            "off"));
  }
}
