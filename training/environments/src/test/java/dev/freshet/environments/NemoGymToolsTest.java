package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** The example that plays rows of NeMo Gym with tools, as an agent. */
@Timeout(120)
class NemoGymToolsTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static final Path EXAMPLE =
      Path.of("..", "..", "examples", "agent", "nemo_gym.py").toAbsolutePath().normalize();

  private static final String ROW =
      """
      {"id":%d,"expected_answer":"5","responses_create_params":{"input":"Add 2 and 3.","temperature":0.1,
       "tool_choice":"required","tools":[{"type":"function","name":"add"}]}}
      """
          .replace("\n", "");

  private static final String MESSAGE =
      """
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"5"}]}
      """;

  @TempDir Path dir;

  @BeforeAll
  static void requirePython() throws InterruptedException {
    assumeTrue(hasPython(), "python3 is not here");
  }

  private static boolean hasPython() throws InterruptedException {
    try {
      return new ProcessBuilder("python3", "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void toolsAreCalledInTheSessionThatIsVerifiedAndTheirAnswersGoToThePolicy() throws Exception {
    try (NemoGymServer gym = new NemoGymServer();
        SessionServer policy = new SessionServer()) {
      policy.responses.add(response("completed", call(1, "add", "{\\\"number\\\":2}")));
      policy.responses.add(
          response(
              "completed",
              call(2, "add", "{\\\"number\\\":3}") + "," + call(3, "add", "{\\\"number\\\":")));
      policy.responses.add(response("completed", call(4, "divide", "{}")));
      policy.responses.add(response("completed", MESSAGE));

      PlayedEpisode played = played(gym, policy);

      assertThat(played.reward()).isEqualTo(1);
      assertThat(played.metrics())
          .containsEntry("tool_calls", 4.0)
          .containsEntry("well_formed", 1.0);
      assertThat(outputs(policy.asked.getLast()))
          .satisfiesExactly(
              output -> assertThat(output).isEqualTo("{\"sum\":2}"),
              output -> assertThat(output).isEqualTo("{\"sum\":5}"),
              output -> assertThat(output).contains("the arguments are not JSON"),
              output -> assertThat(output).contains("404"));
      assertThat(JSON.readTree(policy.asked.getFirst()).propertyNames())
          .containsExactlyInAnyOrder("model", "input", "tools");
      assertThat(gym.verified.getFirst().at("/response/output")).hasSize(9);
    }
  }

  @Test
  void anAnswerThatTheTokenLimitCutIsVerifiedAsItIs() throws Exception {
    try (NemoGymServer gym = new NemoGymServer();
        SessionServer policy = new SessionServer()) {
      policy.responses.add(response("incomplete", MESSAGE.replace("\"5\"", "\"It is\"")));

      assertThat(played(gym, policy).reward()).isZero();
    }
  }

  @Test
  void aServerThatDoesNotScoreTheAnswerFailsTheEpisodeWithItsWords() throws Exception {
    try (NemoGymServer gym = new NemoGymServer();
        SessionServer policy = new SessionServer()) {
      gym.verdict = _ -> "{\"reward\":0,\"mask_sample\":true,\"failure_kind\":\"judge\"}";
      policy.responses.add(response("completed", MESSAGE));

      assertThatThrownBy(() -> played(gym, policy))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("could not score the answer: judge");
    }
  }

  private PlayedEpisode played(NemoGymServer gym, SessionServer policy) throws Exception {
    Path rows = dir.resolve("rows.jsonl");
    Files.writeString(
        rows, IntStream.range(0, 40).mapToObj(ROW::formatted).collect(Collectors.joining("\n")));
    AgentConfig config =
        new AgentConfig(List.of("python3", EXAMPLE.toString(), gym.url()), rows.toString(), 1, 60);
    try (Agent agent = new Agent(config, 1)) {
      SelfDrivenEpisode episode = agent.start(agent.problem(Split.TRAIN, 0), policy.policy("s1"));
      try {
        episode.ended().toCompletableFuture().get(60, TimeUnit.SECONDS);
        return episode.result();
      } finally {
        episode.close();
      }
    }
  }

  /** What the policy was given as answers of tools. */
  private static List<String> outputs(String request) {
    return JSON.readTree(request)
        .path("input")
        .valueStream()
        .filter(item -> item.path("type").asString("").equals("function_call_output"))
        .map(item -> item.path("output").asString())
        .toList();
  }

  private static String call(int number, String name, String arguments) {
    return "{\"type\":\"function_call\",\"call_id\":\"c%d\",\"name\":\"%s\",\"arguments\":\"%s\"}"
        .formatted(number, name, arguments);
  }

  private static String response(String status, String output) {
    return "{\"id\":\"r\",\"object\":\"response\",\"status\":\"%s\",\"output\":[%s]}"
        .formatted(status, output);
  }
}
