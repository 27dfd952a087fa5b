package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.environments.UnusableStepException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs of a shell as agents. */
@Timeout(120)
class AgentTest {
  @TempDir private Path dir;
  private Path tasks;
  private SessionServer server;
  private final List<Agent> agents = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    tasks = dir.resolve("tasks.jsonl");
    Files.writeString(tasks, lines(40));
    server = new SessionServer();
  }

  @AfterEach
  void close() {
    agents.forEach(Agent::close);
    server.close();
  }

  private static String lines(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "{\"number\": %d}\n".formatted(i))
        .collect(Collectors.joining("\n"));
  }

  private SelfDrivenEpisode start(String script, long deadlineS) {
    Agent agent =
        new Agent(new AgentConfig(List.of("sh", "-c", script), tasks.toString(), 2, deadlineS), 1);
    agents.add(agent);
    return agent.start(agent.problem(Split.TRAIN, 0), server.policy("s1"));
  }

  private PlayedEpisode played(String script) throws Exception {
    SelfDrivenEpisode episode = start(script, 60);
    try {
      episode.ended().toCompletableFuture().get(60, TimeUnit.SECONDS);
      return episode.result();
    } finally {
      episode.close();
    }
  }

  @Test
  void aProgramIsGivenItsSessionAndItsTaskInAnEmptyDirectory() throws Exception {
    PlayedEpisode played =
        played(
            """
            test "$OPENAI_BASE_URL" = "$FRESHET_SESSION_URL/v1" || exit 2
            test "$OPENAI_API_KEY $OPENAI_MODEL" = "key policy" || exit 3
            test "$(cat)" = "$FRESHET_TASK" || exit 4
            test -z "$(ls -A)" || exit 5
            echo thinking
            echo '{"reward": 0.5, "metrics": {"tools": 2}}'
            """);

    assertThat(played.reward()).isEqualTo(0.5);
    assertThat(played.metrics()).containsEntry("tools", 2.0).containsEntry("broken_prefixes", 1.0);
    assertThat(server.begun)
        .containsExactly("{\"temperature\":0.7,\"top_p\":1.0,\"max_tokens\":16,\"seed\":5}");
    assertThat(server.deleted).containsExactly("s1");
  }

  @Test
  void theTokensThatTheServerCapturedAreThoseOfTheEpisode() throws Exception {
    PlayedBranch branch = played("echo 1").branches().getFirst();

    assertThat(branch.tokenIds()).containsExactly(1, 2, 3, 4);
    assertThat(branch.sampled()).containsExactly(false, false, true, true);
    assertThat(branch.logprobs()).containsExactly(0, 0, -0.5f, -0.25f);
    assertThat(branch.policyVersions()).containsExactly(-1, -1, 7, 7);
    assertThat(branch.turns()).isEqualTo(1);
  }

  @Test
  void aTurnThatBranchesShareIsSampledInOneOfThemOnly() throws Exception {
    server.branches =
        SessionServer.ONE_TURN
            + ","
            + """
            {"token_ids": [1, 2, 3, 4, 9, 5], "mask": [0, 0, 1, 1, 0, 1],
             "logprobs": [0, 0, -0.5, -0.25, 0, -1], "versions": [-1, -1, 7, 7, -1, 8],
             "turns": [
              {"turn": 1, "finish_reason": "stop", "prompt_tokens": 2, "completion_tokens": 2},
              {"turn": 2, "parent": 1, "finish_reason": "length", "prompt_tokens": 5,
               "completion_tokens": 1}]}
            """;

    List<PlayedBranch> branches = played("echo 1").branches();

    assertThat(branches.get(0).sampled()).containsExactly(false, false, true, true);
    assertThat(branches.get(1).sampled()).containsExactly(false, false, false, false, false, true);
    assertThat(branches.get(1).policyVersions()).containsExactly(-1, -1, -1, -1, -1, 8);
    assertThat(branches).extracting(PlayedBranch::turns).containsExactly(1, 1);
    assertThat(branches.get(1).finishReason()).isEqualTo("length");
  }

  @Test
  void aRewardOfTheSessionEndsTheEpisodeAndClosingKillsTheProgramAndItsChildren() throws Exception {
    SelfDrivenEpisode episode = start("sleep 301 & sleep 302 & echo 0; sleep 303", 60);
    await(() -> sleeping().size() == 3);
    server.reward("s1", 0.25);
    episode.ended().toCompletableFuture().get(60, TimeUnit.SECONDS);

    assertThat(episode.result().reward()).isEqualTo(0.25);
    episode.close();
    await(() -> sleeping().isEmpty());
  }

  @Test
  void aChildThatOutlivesItsProgramIsKilledToo() throws Exception {
    Path seen = dir.resolve("seen");
    SelfDrivenEpisode episode =
        start(
            "sleep 304 >&- 2>&- & while ! test -e '%s'; do sleep 0.1; done; echo 1".formatted(seen),
            60);
    await(() -> !alive("sleep 304").isEmpty());
    ((AgentEpisode) episode).look();
    Files.createFile(seen);
    episode.ended().toCompletableFuture().get(60, TimeUnit.SECONDS);

    assertThat(episode.result().reward()).isEqualTo(1);
    episode.close();
    await(() -> alive("sleep 304").isEmpty());
  }

  private static List<ProcessHandle> sleeping() {
    return Stream.of("sleep 301", "sleep 302", "sleep 303")
        .flatMap(command -> alive(command).stream())
        .toList();
  }

  /** As {@code /bin/sleep} or {@code sleep}, whatever the shell calls it. */
  private static List<ProcessHandle> alive(String command) {
    return ProcessHandle.allProcesses()
        .filter(
            handle ->
                handle
                    .info()
                    .commandLine()
                    .filter(line -> line.matches("([^ ]*/)?" + command))
                    .isPresent())
        .toList();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("a minute has passed").isLessThan(end);
      Thread.sleep(20);
    }
  }

  @Test
  void aProgramThatFailsFailsTheEpisodeWithItsWords() {
    assertThatThrownBy(() -> played("echo step 1; echo 'no such tool: calc' >&2; exit 7"))
        .isInstanceOf(ForeignEnvironmentException.class)
        .hasMessageContaining("ended with status 7")
        .hasMessageEndingWith("; it wrote: no such tool: calc");
  }

  @Test
  void theLastLineOfATracebackIsInTheFirstLineOfTheError() {
    String traceback =
        "printf 'Traceback (most recent call last):\\n  File \"grader.py\", line 3\\nValueError: no paper\\n' >&2; exit 1";

    assertThatThrownBy(() -> played(traceback))
        .message()
        .hasLineCount(1)
        .endsWith("(most recent call last): | File \"grader.py\", line 3 | ValueError: no paper");
  }

  @Test
  void aProgramWithoutARewardFailsTheEpisode() {
    for (String last : List.of("", "done", "{\"reward\": \"0.5\"}", "{\"reward\": null}", "[1]")) {
      assertThatThrownBy(() -> played("echo '%s'".formatted(last)))
          .isInstanceOfSatisfying(
              UnusableStepException.class, e -> assertThat(e.kind()).isEqualTo(Kind.REWARD))
          .hasMessageContaining("without a reward");
    }
  }

  @Test
  void aProgramThatIsLateIsKilled() throws Exception {
    SelfDrivenEpisode episode = start("sleep 305", 1);

    assertThatThrownBy(
            () -> {
              episode.ended().toCompletableFuture().get(60, TimeUnit.SECONDS);
              episode.result();
            })
        .isInstanceOf(EpisodeDeadlineException.class)
        .hasMessageContaining("within 1 s (environment.agent.deadline_s)");
    episode.close();
    await(() -> alive("sleep 305").isEmpty());
  }

  @Test
  void muchOutputIsReadAndItsLastLineIsTheReward() throws Exception {
    assertThat(played("head -c 10000000 /dev/zero; echo; echo 0.75").reward()).isEqualTo(0.75);
  }

  @Test
  void aProgramThatCallsNothingFailsTheEpisode() {
    server.branches = "";

    assertThatThrownBy(() -> played("echo 1"))
        .isInstanceOf(ForeignEnvironmentException.class)
        .hasMessageContaining("without a call of the policy: expected calls of OPENAI_BASE_URL");
  }

  @Test
  void aServerThatRecordsNoSessionsIsNamed() {
    server.recordsSessions = false;

    assertThatThrownBy(() -> start("echo 1", 60))
        .isInstanceOf(ForeignEnvironmentException.class)
        .hasMessageContaining(server.url() + " records no sessions");
  }

  @Test
  void aRewardThatIsNotANumberComesThroughAsSuch() throws Exception {
    assertThat(played("echo NaN").reward()).isNaN();
    assertThat(played("echo '{\"reward\": Infinity}'").reward()).isInfinite();
  }

  @Test
  void aServerThatDiesInMidEpisodeIsAFailureOfTheServer() throws Exception {
    Path seen = dir.resolve("seen");
    SelfDrivenEpisode episode =
        start("while ! test -e '%s'; do sleep 0.1; done; echo 1".formatted(seen), 60);
    server.close();
    Files.createFile(seen);
    episode.ended().toCompletableFuture().get(60, TimeUnit.SECONDS);

    assertThatThrownBy(episode::result).isInstanceOf(PolicyCallException.class);
    episode.close();
  }

  @Test
  void aServerThatIsGoneIsAFailureOfTheServer() {
    server.close();

    assertThatThrownBy(() -> start("echo 1", 60)).isInstanceOf(PolicyCallException.class);
  }

  @Test
  void aCommandThatCannotBeStartedIsNamedAndItsSessionIsDeleted() {
    Agent agent =
        new Agent(new AgentConfig(List.of("/no/such/program"), tasks.toString(), 2, 60), 1);
    agents.add(agent);

    assertThatThrownBy(() -> agent.start(agent.problem(Split.TRAIN, 0), server.policy("s2")))
        .isInstanceOf(ForeignEnvironmentException.class)
        .hasMessageContaining("/no/such/program");
    assertThat(server.deleted).containsExactly("s2");
  }

  @Test
  void anAgentWithoutACommandIsRefused() {
    assertThatThrownBy(() -> new Agent(new AgentConfig(List.of(), tasks.toString(), 1, 1), 1))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("environment.agent.command");
  }
}
