package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.freshet.environments.RecordedFrames.Frame;
import dev.freshet.environments.VerifiersServer.Received;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.msgpack.value.Value;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Episodes of verifiers: its server is another program, whose recorded frames are played here. */
@Timeout(120)
class VerifiersTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir Path dir;

  @Test
  void anEpisodeHasTheTokensLogprobsAndRewardsThatTheServerReports() throws Exception {
    try (VerifiersServer server = recorded("one-turn");
        Verifiers environment = environment(server.address(), 30)) {
      PlayedEpisode played = play(environment);

      assertThat(played.reward()).isEqualTo(1);
      assertThat(played.metrics()).containsEntry("says_the_word", 1.0);
      assertThat(played.branches()).hasSize(1);
      PlayedBranch branch = played.branches().getFirst();
      assertThat(branch.tokenIds()).hasSize(51).startsWith(1, 9690, 198).endsWith(284, 7804, 1699);
      assertThat(branch.sampled()[34]).isFalse();
      assertThat(branch.sampled()[35]).isTrue();
      assertThat(branch.logprobs()[34]).isZero();
      assertThat(branch.logprobs()[35]).isEqualTo(-2.26827f);
      assertThat(branch.policyVersions()[34]).isEqualTo(-1);
      assertThat(branch.policyVersions()[50]).isEqualTo(7);
      assertThat(branch.synthesised()).isTrue();
      assertThat(branch.finishReason()).isEqualTo("length");
      assertThat(branch.turns()).isEqualTo(1);
    }
  }

  @Test
  void twoTurnsAreOneBranchWithBothAnswersSampled() throws Exception {
    try (VerifiersServer server = recorded("two-turns");
        Verifiers environment = environment(server.address(), 30)) {
      PlayedEpisode played = play(environment);

      assertThat(played.reward()).isEqualTo(1);
      assertThat(played.metrics()).containsEntry("letters", 61.0);
      PlayedBranch branch = played.branches().getFirst();
      assertThat(branch.turns()).isEqualTo(2);
      assertThat(runs(branch.sampled())).containsExactly(35, 12, 14, 12);
      for (int i = 0; i < branch.sampled().length; i++) {
        assertThat(branch.logprobs()[i] != 0).isEqualTo(branch.sampled()[i]);
      }
    }
  }

  @Test
  void aRunHasTheTaskTheServerOfThePolicyAndTheSampling() throws Exception {
    try (VerifiersServer server = recorded("one-turn");
        Verifiers environment = environment(server.address(), 30)) {
      play(environment);

      Received run = server.received("run").getFirst();
      assertThat(run.id()).matches("[0-9a-f]{32}");
      assertThat(json(run.body()))
          .isEqualTo(
              JSON.readTree(
                  """
                  {"task_data": {"prompt": "task 0", "limit": 0.5, "tags": ["a", null, true]},
                   "client": {"type": "train", "base_url": "http://127.0.0.1:8000/v1",
                    "api_key_var": "FRESHET_API_KEY", "renderer_model_name": "models/base"},
                   "model": "policy",
                   "sampling": {"temperature": 1.0, "top_p": 1.0, "max_tokens": 16}}
                  """
                      .replace("task 0", taskOf(run))));
    }
  }

  @Test
  void aPolicyThatIsNotSampledAsItIsIsAskedForItsProcessedLogprobs() throws Exception {
    try (VerifiersServer server = recorded("one-turn");
        Verifiers environment = environment(server.address(), 30)) {
      PolicyEndpoint policy =
          new PolicyEndpoint(
              URI.create("http://127.0.0.1:8000"),
              Optional.of("policy@v3"),
              Optional.of("secret"),
              Optional.of("policy-3"),
              "s",
              0.7,
              1,
              16,
              128,
              1,
              () -> 3);
      try (SelfDrivenEpisode episode =
          environment.start(environment.problem(Split.TRAIN, 0), policy)) {
        await(episode);
      }

      String run = json(server.received("run").getFirst().body()).toString();
      assertThat(run)
          .contains("\"model\":\"policy@v3\"")
          .contains("\"cache_salt\":\"policy-3\"")
          .contains("\"logprobs_mode\":\"processed_logprobs\"")
          .doesNotContain("secret");
    }
  }

  @Test
  void aTurnHasTheVersionThatWasServedWhenItBegan() throws Exception {
    AtomicLong version = new AtomicLong(4);
    List<Frame> frames = RecordedFrames.of("two-turns");
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      // Each frame arrives under a version of its own: 5, 6, …; the turns come with the 4th and
      // the 6th.
      PolicyEndpoint policy = policy(version::getAndIncrement);
      try (SelfDrivenEpisode episode =
          environment.start(environment.problem(Split.TRAIN, 0), policy)) {
        await(episode);
        PlayedBranch branch = episode.result().branches().getFirst();

        assertThat(branch.policyVersions()[35]).isEqualTo(7);
        assertThat(branch.policyVersions()[branch.policyVersions().length - 1]).isEqualTo(9);
      }
    }
  }

  @Test
  void aPolicyThatCannotBeReachedIsAFailureOfThePolicysServer() throws Exception {
    try (VerifiersServer server = recorded("policy-unreachable");
        Verifiers environment = environment(server.address(), 30)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOf(PolicyCallException.class)
          .hasMessageContaining("ProviderError 503: Connection error.");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "invalid-task, ValidationError: 3 validation errors for WordData",
    "cancelled, Cancelled: rollout aborted",
    "unknown-method, unknown method 'nonsense'",
    "health, the episode failed without an error"
  })
  void whatIsNoEpisodeFailsWithTheServersWords(String recorded, String words) throws Exception {
    try (VerifiersServer server = recorded(recorded);
        Verifiers environment = environment(server.address(), 30)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining(server.address())
          .hasMessageContaining(words);
    }
  }

  @Test
  void anEpisodeThatIsClosedBeforeItsEndIsCancelledAtTheServer() throws Exception {
    try (VerifiersServer server = new VerifiersServer((method, _) -> unfinished(method));
        Verifiers environment = environment(server.address(), 30)) {
      SelfDrivenEpisode episode = start(environment);
      until("the run has arrived", () -> !server.received("run").isEmpty());
      episode.close();
      until("the cancellation has arrived", () -> !server.received("cancel").isEmpty());

      assertThat(json(server.received("cancel").getFirst().body()).path("request_id").asString())
          .isEqualTo(server.received("run").getFirst().id());
    }
  }

  @Test
  void anEpisodeThatHasEndedIsNotCancelled() throws Exception {
    try (VerifiersServer server = recorded("one-turn");
        Verifiers environment = environment(server.address(), 30)) {
      play(environment);
      play(environment);

      assertThat(server.received("cancel")).isEmpty();
    }
  }

  @Test
  void closingTheEnvironmentCancelsItsRuns() throws Exception {
    try (VerifiersServer server = new VerifiersServer((method, _) -> unfinished(method))) {
      Verifiers environment = environment(server.address(), 30);
      SelfDrivenEpisode episode = start(environment);
      until("the run has arrived", () -> !server.received("run").isEmpty());
      environment.close();

      await(episode);
      assertThatThrownBy(episode::result).hasMessageContaining("the environment is closed");
      until("the cancellation has arrived", () -> !server.received("cancel").isEmpty());
      SelfDrivenEpisode late = start(environment);
      await(late);
      assertThatThrownBy(late::result).hasMessageContaining("the environment is closed");
    }
  }

  @Test
  void aServerThatDiesInMidEpisodeFailsItsEpisodesLongBeforeTheDeadline() throws Exception {
    VerifiersServer server = new VerifiersServer((method, _) -> unfinished(method));
    try (Verifiers environment = environment(server.address(), 3_600)) {
      SelfDrivenEpisode first = start(environment);
      SelfDrivenEpisode second = start(environment);
      until("the runs have arrived", () -> server.received("run").size() == 2);
      server.close();

      for (SelfDrivenEpisode episode : List.of(first, second)) {
        await(episode);
        assertThatThrownBy(episode::result)
            .isInstanceOf(ForeignEnvironmentException.class)
            .hasMessageContaining("the connection was lost in mid-episode");
        episode.close();
      }
      try (VerifiersServer again = recordedAt(server.address(), "one-turn")) {
        assertThat(play(environment).reward()).isEqualTo(1);
        assertThat(again.received("run")).hasSize(1);
      }
    }
  }

  @Test
  void aServerThatHangsIsAskedForItsHealthAndFailsItsEpisodesAtTheDeadline() throws Exception {
    try (VerifiersServer server = new VerifiersServer((_, _) -> List.of());
        Verifiers environment = environment(server.address(), 4)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("sent nothing for 4 s");
      assertThat(server.received("health")).isNotEmpty();
    }
  }

  @Test
  void aServerThatIsHealthyMayTakeLongerThanTheDeadline() throws Exception {
    List<Frame> healthy = RecordedFrames.of("health");
    try (VerifiersServer server =
            new VerifiersServer((method, _) -> method.equals("health") ? healthy : List.of());
        Verifiers environment = environment(server.address(), 3)) {
      try (SelfDrivenEpisode episode = start(environment)) {
        until("a deadline has passed", () -> server.received("health").size() > 4);

        assertThat(episode.ended().toCompletableFuture()).isNotDone();
      }
    }
  }

  @Test
  void aRunWaitsForAServerThatStartsLater() throws Exception {
    VerifiersServer first = recorded("one-turn");
    first.close();
    try (Verifiers environment = environment(first.address(), 60)) {
      SelfDrivenEpisode episode = start(environment);
      try (VerifiersServer _ = recordedAt(first.address(), "one-turn")) {
        await(episode);
        assertThat(episode.result().reward()).isEqualTo(1);
      }
    }
  }

  @Test
  void anEpisodeOfTenMegabytesFailsAndIsCancelled() throws Exception {
    Frame large = new Frame("delta", new byte[1 << 20]);
    List<Frame> frames = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      frames.add(large);
    }
    List<Frame> healthy = RecordedFrames.of("health");
    try (VerifiersServer server =
            new VerifiersServer((method, _) -> method.equals("run") ? frames : healthy);
        Verifiers environment = environment(server.address(), 30)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOfSatisfying(
              UnusableStepException.class,
              e -> assertThat(e.kind()).isEqualTo(UnusableStepException.Kind.SIZE))
          .hasMessageContaining("expected at most 8388608");
      until("the cancellation has arrived", () -> !server.received("cancel").isEmpty());
    }
  }

  /** What a server sent that is no episode, as JSON: the delta's fields. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"nodes\":[{\"parent\":3,\"token_ids\":[],\"mask\":[],\"logprobs\":[]}]",
        "\"nodes\":[{\"parent\":-2,\"token_ids\":[],\"mask\":[],\"logprobs\":[]}]",
        "\"nodes\":[{\"parent\":null,\"token_ids\":[1],\"mask\":[],\"logprobs\":[]}]",
        "\"nodes\":[{\"parent\":null,\"token_ids\":[1],\"mask\":[true],\"logprobs\":[]}]",
        "\"nodes\":[{\"parent\":null,\"token_ids\":\"abc\",\"mask\":[],\"logprobs\":[]}]",
        "\"nodes\":[{\"parent\":null,\"token_ids\":[1.5],\"mask\":[true],\"logprobs\":[0]}]",
        "\"nodes\":7",
        "\"set\":{\"agent\":[]}",
        "\"set\":{\"agent\":{\"trainable\":false}}"
      })
  void framesThatAreNoEpisodeFailIt(String fields) throws Exception {
    List<Frame> frames =
        List.of(frame("delta", "{\"trace\":\"t\"," + fields + "}"), reply("{\"ok\":true}", 1));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOfAny(ForeignEnvironmentException.class, UnusableStepException.class)
          .hasMessageContaining(server.address());
    }
  }

  @Test
  void aFrameThatIsCutShortFailsTheEpisode() throws Exception {
    byte[] whole = RecordedFrames.of("one-turn").getFirst().body();
    List<Frame> frames =
        List.of(
            new Frame("delta", Arrays.copyOf(whole, whole.length / 2)), reply("{\"ok\":true}", 0));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("what is not an episode of verifiers 0.4");
    }
  }

  @Test
  void ofTheTracebackOfAHarnessTheBeginningAndTheEndAreOneLine() throws Exception {
    List<Frame> frames =
        List.of(
            frame(
                "reply",
                "{\"success\":true,\"error\":null,\"traces\":[],\"head\":{\"ok\":false,\"errors\":[{\"type\":\"HarnessError\",\"message\":\"exited 1:\\n%s\\nKeyError: 'x'\\n\"}]}}"
                    .formatted("  line 9, in main\\n".repeat(500_000))));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("HarnessError: exited 1: line 9, in main line 9")
          .hasMessageEndingWith("line 9, in main KeyError: 'x'")
          .message()
          .hasSizeLessThan(1_100);
    }
  }

  @Test
  void aRewardThatIsATextIsRefused() throws Exception {
    List<Frame> frames =
        List.of(
            frame(
                "delta",
                "{\"trace\":\"t\",\"set\":{\"rewards\":{\"r\":{\"score\":\"high\",\"weight\":1}}}}"),
            reply("{\"ok\":true}", 0));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      assertThatThrownBy(() -> play(environment))
          .isInstanceOfSatisfying(
              UnusableStepException.class,
              e -> assertThat(e.kind()).isEqualTo(UnusableStepException.Kind.REWARD))
          .hasMessageContaining("reward r is no number");
    }
  }

  @Test
  void aRewardThatIsNotANumberComesThroughAsSuch() throws Exception {
    byte[] nan = {(byte) 0xcb, 0x7f, (byte) 0xf8, 0, 0, 0, 0, 0, 0};
    byte[] body =
        VerifiersRequest.packed(
            JSON.readTree(
                "{\"trace\":\"t\",\"set\":{\"rewards\":{\"r\":{\"weight\":1,\"score\":0.5}}}}"));
    System.arraycopy(nan, 0, body, body.length - nan.length, nan.length);
    List<Frame> frames = List.of(new Frame("delta", body), reply("{\"ok\":true}", 0));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      assertThat(play(environment).reward()).isNaN();
    }
  }

  @Test
  void everyAgentThatTrainsThePolicyHasItsOwnTurnsAndReward() throws Exception {
    List<Frame> frames =
        List.of(
            agent("solver", true, 1),
            agent("judge", false, 2),
            agent("proposer", true, 3),
            agent("solver", true, 4),
            frame(
                "reply",
                "{\"success\":true,\"error\":null,\"head\":{\"ok\":true},\"traces\":[%s]}"
                    .formatted(
                        "{\"id\":\"t1\",\"nodes\":2},{\"id\":\"t2\",\"nodes\":2},"
                            + "{\"id\":\"t3\",\"nodes\":2},{\"id\":\"t4\",\"nodes\":2}")));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      PlayedEpisode played = play(environment);

      assertThat(played.reward()).isEqualTo(3);
      assertThat(played.branches().getFirst().tokenIds()).containsExactly(9, 3);
      assertThat(played.others())
          .extracting(PlayedAgent::name, PlayedAgent::reward)
          .containsExactly(tuple("solver", 1.0), tuple("solver", 4.0));
      assertThat(played.others().getLast().branches().getFirst().tokenIds()).containsExactly(9, 4);
      assertThat(played.metrics())
          .containsEntry("score", 3.0)
          .containsEntry("solver.score", 1.0)
          .containsEntry("solver.reward", 1.0)
          .doesNotContainKey("judge.score");
    }
  }

  @Test
  void attemptsOfOneAgentAreComparedWithEachOther() throws Exception {
    List<Frame> frames =
        List.of(
            agent("agent", true, 1),
            agent("agent", true, 2),
            frame(
                "reply",
                "{\"success\":true,\"error\":null,\"head\":{\"ok\":true},\"traces\":"
                    + "[{\"id\":\"t1\",\"nodes\":2},{\"id\":\"t2\",\"nodes\":2}]}"));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      PlayedEpisode played = play(environment);

      assertThat(played.reward()).isEqualTo(1);
      assertThat(played.others())
          .extracting(PlayedAgent::name, PlayedAgent::reward)
          .containsExactly(tuple("", 2.0));
    }
  }

  /** The whole trace of an agent that answers the token 9 with its number, which is its reward. */
  private static Frame agent(String name, boolean trainable, int number) {
    return frame(
        "delta",
        """
        {"trace":"t%1$d","nodes":[
          {"parent":null,"sampled":false,"token_ids":[9],"mask":[false],"logprobs":[]},
          {"parent":0,"sampled":true,"token_ids":[%1$d],"mask":[true],"logprobs":[-0.5]}],
         "set":{"agent":{"name":"%2$s","trainable":%3$s},
          "rewards":{"score":{"score":%1$d,"weight":1}}}}
        """
            .formatted(number, name, trainable));
  }

  @Test
  void aRewrittenHistoryGivesABranchForEachLeaf() throws Exception {
    String nodes =
        """
        {"trace":"t","nodes":[
          {"parent":null,"sampled":false,"token_ids":[1,2],"mask":[false,false],"logprobs":[]},
          {"parent":0,"sampled":true,"token_ids":[3,4],"mask":[false,true],"logprobs":[-0.5]},
          {"parent":0,"sampled":true,"token_ids":[5],"mask":[true],"logprobs":[-1]}],
         "calls":[{"node":1,"finish_reason":"tool_calls"},{"node":2,"finish_reason":"length"}],
         "set":{"rewards":{"a":{"score":1,"weight":0.5},"b":{"score":-1.0,"weight":2.0},"c":null}}}
        """;
    List<Frame> frames = List.of(frame("delta", nodes), reply("{\"ok\":true}", 3));
    try (VerifiersServer server = new VerifiersServer((_, _) -> frames);
        Verifiers environment = environment(server.address(), 30)) {
      PlayedEpisode played = play(environment);

      assertThat(played.reward()).isEqualTo(-1.5);
      assertThat(played.branches())
          .extracting(PlayedBranch::finishReason)
          .containsExactly("stop", "length");
      assertThat(played.branches().get(0).tokenIds()).containsExactly(1, 2, 3, 4);
      assertThat(played.branches().get(1).tokenIds()).containsExactly(1, 2, 5);
      assertThat(played.branches().get(1).logprobs()).containsExactly(0, 0, -1);
    }
  }

  @Test
  void aFileWithoutTasksIsRefused() throws Exception {
    Path empty = Files.writeString(dir.resolve("empty.jsonl"), "\n");
    assertThatThrownBy(() -> new Verifiers(config("tcp://127.0.0.1:1", empty.toString(), 1), 1))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("environment.verifiers.tasks")
        .hasMessageContaining("has 0 tasks to train on and 0 held out");
    assertThatThrownBy(() -> new Verifiers(config("tcp://127.0.0.1:1", "", 1), 1))
        .hasMessageContaining("expected a file with a task in each line, got none");
  }

  private static List<Frame> unfinished(String method) throws IOException {
    return method.equals("run")
        ? RecordedFrames.of("one-turn").subList(0, 3)
        : RecordedFrames.of("health");
  }

  private static VerifiersServer recorded(String name) throws IOException {
    return recordedAt("tcp://127.0.0.1:*", name);
  }

  private static VerifiersServer recordedAt(String bind, String name) throws IOException {
    List<Frame> frames = RecordedFrames.of(name);
    List<Frame> healthy = RecordedFrames.of("health");
    return new VerifiersServer(bind, (method, _) -> method.equals("run") ? frames : healthy);
  }

  private Verifiers environment(String address, long deadlineS) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      lines.append(
          "{\"prompt\":\"task %d\",\"limit\":0.5,\"tags\":[\"a\",null,true]}\n".formatted(i));
    }
    Path tasks = Files.writeString(dir.resolve("tasks.jsonl"), lines);
    return new Verifiers(config(address, tasks.toString(), deadlineS), 1);
  }

  private static VerifiersConfig config(String address, String tasks, long deadlineS) {
    return new VerifiersConfig(
        address, tasks, "policy", "models/base", "FRESHET_API_KEY", 8, deadlineS);
  }

  private static PolicyEndpoint policy(LongSupplier version) {
    return new PolicyEndpoint(
        URI.create("http://127.0.0.1:8000"),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        "s",
        1,
        1,
        16,
        128,
        1,
        version);
  }

  private static SelfDrivenEpisode start(Verifiers environment) {
    return environment.start(environment.problem(Split.TRAIN, 0), policy(() -> 7));
  }

  private static PlayedEpisode play(Verifiers environment) throws Exception {
    try (SelfDrivenEpisode episode = start(environment)) {
      await(episode);
      return episode.result();
    }
  }

  private static void await(SelfDrivenEpisode episode) throws Exception {
    episode.ended().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  private static void until(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("did not happen: " + what);
      }
      Thread.sleep(5);
    }
  }

  private static Frame frame(String kind, String json) {
    return new Frame(kind, VerifiersRequest.packed(JSON.readTree(json)));
  }

  private static Frame reply(String head, int nodes) {
    return frame(
        "reply",
        "{\"success\":true,\"error\":null,\"head\":%s,\"traces\":[{\"id\":\"t\",\"nodes\":%d,\"calls\":0}]}"
            .formatted(head, nodes));
  }

  private static JsonNode json(Value body) {
    return JSON.readTree(body.toJson());
  }

  private static String taskOf(Received run) {
    return json(run.body()).at("/task_data/prompt").asString();
  }

  /** The lengths of the runs of equal flags. */
  private static List<Integer> runs(boolean[] flags) {
    List<Integer> lengths = new ArrayList<>();
    int begin = 0;
    for (int i = 1; i <= flags.length; i++) {
      if (i == flags.length || flags[i] != flags[i - 1]) {
        lengths.add(i - begin);
        begin = i;
      }
    }
    return lengths;
  }
}
