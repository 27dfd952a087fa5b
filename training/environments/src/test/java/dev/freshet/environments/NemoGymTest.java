package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Attempts at rows of NeMo Gym against a resources server on a real socket. */
@Timeout(60)
class NemoGymTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String INPUT =
      """
      [{"role":"developer","content":"Be brief."},
       {"role":"user","content":[{"type":"input_text","text":"2 + "},{"type":"input_text","text":"2?"}]}]
      """
          .replace("\n", " ");

  @TempDir Path dir;

  @Test
  void anAnswerIsScoredByTheServersVerdictInTheSessionOfItsSeed() throws Exception {
    try (NemoGymServer server = new NemoGymServer();
        NemoGym environment = environment(server, row(INPUT, ""))) {
      Episode right = environment.start(environment.problem(Split.TRAIN, 0));
      Episode wrong = environment.start(environment.problem(Split.TRAIN, 1));

      assertThat(right.begin())
          .containsExactly(Message.system("Be brief."), Message.user("2 + 2?"));
      assertThat(wrong.begin()).hasSize(2);
      assertThat(right.next(answer("4")))
          .isInstanceOfSatisfying(
              Step.End.class,
              end -> {
                assertThat(end.reward()).isEqualTo(1);
                assertThat(end.metrics())
                    .containsEntry("extracted_length", 1.0)
                    .containsEntry("well_formed", 1.0)
                    .doesNotContainKeys("reward", "mask_sample");
              });
      assertThat(wrong.next(answer("five")))
          .isInstanceOfSatisfying(Step.End.class, end -> assertThat(end.reward()).isZero());
    }
  }

  @Test
  void aVerdictIsAskedForWithTheRowAndAResponseOfOpenAi() throws Exception {
    try (NemoGymServer server = new NemoGymServer();
        NemoGym environment = environment(server, row("\"2 + 2?\"", ""))) {
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).containsExactly(Message.user("2 + 2?"));
      Step _ = episode.next(answer("4"));

      JsonNode request = server.verified.getFirst();
      assertThat(request.at("/responses_create_params/input").asString()).isEqualTo("2 + 2?");
      assertThat(request.path("expected_answer").asString()).isEqualTo("4");
      JsonNode response = request.path("response");
      assertThat(response.propertyNames())
          .contains(
              "id",
              "created_at",
              "model",
              "object",
              "output",
              "parallel_tool_calls",
              "tool_choice",
              "tools");
      assertThat(response.path("object").asString()).isEqualTo("response");
      assertThat(response.at("/output/0/role").asString()).isEqualTo("assistant");
      assertThat(response.at("/output/0/content/0"))
          .isEqualTo(JSON.readTree("{\"type\":\"output_text\",\"text\":\"4\",\"annotations\":[]}"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"reward\":\"high\"} | the reward \"high\": expected a number",
        "{} | expected a number",
        "[1 | what is not JSON",
        "{\"reward\":0,\"mask_sample\":true,\"failure_kind\":\"judge\"} | could not score the answer: judge"
      })
  void aVerdictThatCannotBeUsedFailsTheEpisode(String verdict, String words) throws Exception {
    try (NemoGymServer server = new NemoGymServer();
        NemoGym environment = environment(server, row(INPUT, ""))) {
      server.verdict = _ -> verdict;
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).hasSize(2);

      assertThatThrownBy(() -> episode.next(answer("4")))
          .isInstanceOfAny(ForeignEnvironmentException.class, UnusableStepException.class)
          .hasMessageContaining(server.url())
          .hasMessageContaining(words);
    }
  }

  @Test
  void aVerdictOfTenMegabytesFailsTheEpisode() throws Exception {
    try (NemoGymServer server = new NemoGymServer();
        NemoGym environment = environment(server, row(INPUT, ""))) {
      server.verdict = verdict -> verdict.put("log", "x".repeat(10 << 20)).toString();
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).hasSize(2);

      assertThatThrownBy(() -> episode.next(answer("4")))
          .isInstanceOfSatisfying(
              UnusableStepException.class,
              e -> assertThat(e.kind()).isEqualTo(UnusableStepException.Kind.SIZE));
    }
  }

  @Test
  void aRewardThatPythonWritesAsNanComesThroughAsSuch() throws Exception {
    try (NemoGymServer server = new NemoGymServer();
        NemoGym environment = environment(server, row(INPUT, ""))) {
      server.verdict = _ -> "{\"reward\":NaN}";
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).hasSize(2);

      assertThat(episode.next(answer("4")))
          .isInstanceOfSatisfying(Step.End.class, end -> assertThat(end.reward()).isNaN());
    }
  }

  @Test
  void aServerThatHangsIsNamedAfterTheDeadline() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    try (NemoGymServer server = new NemoGymServer();
        NemoGym environment = environment(server, row(INPUT, ""), 1)) {
      server.verdict =
          verdict -> {
            awaitQuietly(end);
            return verdict.toString();
          };
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).hasSize(2);

      assertThatThrownBy(() -> episode.next(answer("4")))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("/verify cannot be asked")
          .hasMessageContaining("timed out");
    } finally {
      end.countDown();
    }
  }

  @Test
  void aServerThatDiesInMidEpisodeFailsItBeforeTheDeadline() throws Exception {
    NemoGymServer server = new NemoGymServer();
    try (NemoGym environment = environment(server, row(INPUT, ""), 3_600)) {
      server.verdict =
          verdict -> {
            server.close();
            return verdict.toString();
          };
      Episode cut = environment.start(environment.problem(Split.TRAIN, 0));
      Episode late = environment.start(environment.problem(Split.TRAIN, 1));
      assertThat(cut.begin()).hasSize(2);
      assertThat(late.begin()).hasSize(2);

      for (Episode episode : List.of(cut, late)) {
        assertThatThrownBy(() -> episode.next(answer("4")))
            .isInstanceOf(ForeignEnvironmentException.class)
            .hasMessageContaining("/verify cannot be asked");
      }
    } finally {
      server.close();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      boolean _ = latch.await(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aServerThatRefusesOrIsGoneFailsTheEpisode() throws Exception {
    NemoGymServer server = new NemoGymServer();
    try (NemoGym environment = environment(server, row(INPUT, ""))) {
      server.status = 503;
      Episode refused = environment.start(environment.problem(Split.TRAIN, 0));
      assertThatThrownBy(refused::begin)
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("/seed_session answered with status 503");

      server.close();
      Episode unreachable = environment.start(environment.problem(Split.TRAIN, 0));
      assertThatThrownBy(unreachable::begin)
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("/seed_session cannot be asked");
    } finally {
      server.close();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"question\":\"%d\"}",
        "{\"responses_create_params\":{\"input\":\"%d\",\"tools\":[{\"type\":\"function\"}]}}",
        "{\"responses_create_params\":{\"input\":[{\"type\":\"function_call_output\",\"output\":\"%d\"}]}}",
        "{\"responses_create_params\":{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"id\":%d}]}]}}",
        "\"row %d\""
      })
  void aRowThatCannotBePlayedFailsItsEpisodeBeforeTheServerIsAsked(String row) throws Exception {
    try (NemoGymServer server = new NemoGymServer();
        NemoGym environment = environment(server, row)) {
      assertThatThrownBy(() -> environment.start(environment.problem(Split.TRAIN, 0)).begin())
          .isInstanceOfAny(ForeignEnvironmentException.class, UnusableStepException.class)
          .hasMessageMatching("(?s).*(expected|not JSON).*");
      assertThat(server.verified).isEmpty();
    }
  }

  /** A row with a number in it, which tells rows apart. */
  private static String row(String input, String more) {
    return "{\"id\":%d,\"responses_create_params\":{\"input\":"
        + input.strip()
        + more
        + "},\"expected_answer\":\"4\"}";
  }

  private static List<String> lines(String row) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      lines.add(row.replace("%d", Integer.toString(i)));
    }
    return lines;
  }

  private NemoGym environment(NemoGymServer server, String row) throws IOException {
    return environment(server, row, 30);
  }

  private NemoGym environment(NemoGymServer server, String row, long deadlineS) throws IOException {
    Path file = Files.write(dir.resolve("rows.jsonl"), lines(row));
    return new NemoGym(
        new NemoGymConfig(server.url(), file.toString(), 8, deadlineS), 1, InstantSource.system());
  }

  private static Answer answer(String text) {
    return new Answer(text, new int[] {1}, "stop");
  }
}
