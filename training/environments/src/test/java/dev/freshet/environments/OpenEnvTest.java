package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.config.ConfigLoader;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions with a server that answers in OpenEnv's shapes. */
@Timeout(60)
class OpenEnvTest {
  private static final Answer HELLO = new Answer("hello", new int[] {1}, "stop");
  private static final String FIRST = observation("\"text\":\"go\"", "null", false);

  @Test
  void aSessionIsAResetAStepForEachAnswerAndACloseAndItsRewardTheirSum() throws Exception {
    String second = observation("\"text\":\"more\"", "0.25", false);
    String last = observation("\"text\":\"over\"", "true", true);
    try (WebSocketServer server = answering(FIRST, second, last);
        OpenEnv environment = open(server, "instructions", "Be brief.")) {
      Problem problem = environment.problem(Split.TRAIN, 0);
      Episode episode = environment.start(problem);

      assertThat(episode.begin()).containsExactly(Message.system("Be brief."), Message.user("go"));
      assertThat(episode.next(HELLO)).isEqualTo(Step.Next.user("more"));
      assertThat(episode.next(HELLO)).isEqualTo(new Step.End(1.25, Map.of("steps", 2.0)));
      episode.close();
      assertThat(server.received)
          .containsExactly(
              "{\"type\":\"reset\",\"data\":{\"seed\":%s}}".formatted(problem.text()),
              "{\"type\":\"step\",\"data\":{\"message\":\"hello\"}}",
              "{\"type\":\"step\",\"data\":{\"message\":\"hello\"}}",
              "{\"type\":\"close\"}");
    }
  }

  @Test
  void aResetHasTheConfiguredArgumentsAndTheSeedOfTheProblem() throws Exception {
    try (WebSocketServer server = answering(FIRST);
        OpenEnv environment = open(server, "reset", "{\"level\": {\"size\": 2}, \"seed\": 1}")) {
      Problem problem = environment.problem(Split.TRAIN, 0);
      List<Message> _ = environment.start(problem).begin();

      assertThat(server.received.getFirst())
          .isEqualTo(
              "{\"type\":\"reset\",\"data\":{\"level\":{\"size\":2},\"seed\":%s}}"
                  .formatted(problem.text()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"level=2", "[1]", "7", "{\"level\": "})
  void argumentsOfResetThatAreNoObjectAreRefusedAtTheStart(String reset) {
    assertThatThrownBy(
            () -> ConfigLoader.load(OpenEnvConfig.class, Optional.empty(), Map.of("reset", reset)))
        .hasMessageContaining("reset")
        .hasMessageContaining("a JSON object such as");
  }

  @Test
  void withoutANamedFieldThePolicySeesTheWholeObservation() throws Exception {
    try (WebSocketServer server = answering(observation("\"a\":1,\"b\":[2]", "null", false));
        OpenEnv environment = open(server, "observation", "")) {
      assertThat(begin(environment)).containsExactly(Message.user("{\"a\":1,\"b\":[2]}"));
    }
  }

  @Test
  void anEpisodeThatIsCutOffHasTheRewardsSoFar() throws Exception {
    try (WebSocketServer server = answering(FIRST, observation("\"text\":\"x\"", "0.5", false));
        OpenEnv environment = open(server)) {
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      episode.begin();
      episode.next(HELLO);

      assertThat(episode.cutOff().reward()).isEqualTo(0.5);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"1\"", "\"high\"", "{}", "[1]"})
  void aRewardThatIsNoNumberIsRefused(String reward) throws Exception {
    try (WebSocketServer server = answering(FIRST, observation("\"text\":\"x\"", reward, true));
        OpenEnv environment = open(server)) {
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      episode.begin();

      assertThatThrownBy(() -> episode.next(HELLO))
          .isInstanceOfSatisfying(
              UnusableStepException.class,
              e -> assertThat(e.kind()).isEqualTo(UnusableStepException.Kind.REWARD))
          .hasMessageContaining("the reward " + reward + ": expected a number");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'type':'error','data':{'message':'no such action','code':'VALIDATION_ERROR'}} | answered reset with error: VALIDATION_ERROR no such action",
        "{'type':'state','data':{}} | answered reset with state",
        "[1] | answered reset with no type",
        "nonsense | answered reset with what is not JSON",
        "{'type':'observation','data':{'observation':{'other':1},'done':false}} | an observation without text",
        "{'type':'observation','data':{'observation':{'text':'x'},'done':true}} | is over before its first step",
      })
  void whatIsNoObservationIsNamed(String answer, String message) throws Exception {
    try (WebSocketServer server = answering(answer.replace('\'', '"'));
        OpenEnv environment = open(server)) {
      assertThatThrownBy(() -> begin(environment))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("ws://127.0.0.1:")
          .hasMessageContaining(message);
    }
  }

  @Test
  void aServerThatDiesInMidEpisodeIsNamed() throws Exception {
    try (WebSocketServer server = answering(FIRST);
        OpenEnv environment = open(server)) {
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      episode.begin();

      assertThatThrownBy(() -> episode.next(HELLO))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining(server.url().replace("http", "ws") + "/ws");
      episode.close();
    }
  }

  @Test
  void anAnswerOfTenMegabytesIsRefusedWhileItArrives() throws Exception {
    String large = observation("\"text\":\"%s\"".formatted("x".repeat(10_000_000)), "0", false);
    try (WebSocketServer server = answering(large);
        OpenEnv environment = open(server)) {
      assertThatThrownBy(() -> begin(environment))
          .isInstanceOfSatisfying(
              UnusableStepException.class,
              e -> assertThat(e.kind()).isEqualTo(UnusableStepException.Kind.SIZE));
    }
  }

  @Test
  void aServerThatDoesNotAnswerIsNamedAfterTheDeadline() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    try (WebSocketServer server =
            new WebSocketServer(
                text -> {
                  end.await(1, TimeUnit.MINUTES);
                  return Optional.empty();
                });
        OpenEnv environment = open(server, "deadline_s", "1")) {
      assertThatThrownBy(() -> begin(environment))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("within 1 s");
    } finally {
      end.countDown();
    }
  }

  @Test
  void aServerThatNeverAnswersTheCloseIsCutAfterTheDeadline() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    try (WebSocketServer server =
            new WebSocketServer(
                text -> {
                  if (text.contains("close")) {
                    end.await(1, TimeUnit.MINUTES);
                  }
                  return Optional.of(FIRST);
                });
        OpenEnv environment = open(server, "deadline_s", "1")) {
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).hasSize(1);

      episode.close();

      assertThat(server.received.getLast()).contains("close");
    } finally {
      end.countDown();
    }
  }

  @Test
  void aRewardThatPythonWritesAsNanComesThroughAsSuch() throws Exception {
    try (WebSocketServer server =
            answering(
                observation("\"text\":\"go\",\"odds\":Infinity", "null", false),
                observation("\"text\":\"x\"", "NaN", true));
        OpenEnv environment = open(server)) {
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).containsExactly(Message.user("go"));

      assertThat(episode.next(HELLO))
          .isInstanceOfSatisfying(Step.End.class, last -> assertThat(last.reward()).isNaN());
    }
  }

  @Test
  void aServerThatIsNotThereIsNamed() throws Exception {
    WebSocketServer gone = answering();
    gone.close();
    try (OpenEnv environment = open(gone)) {
      assertThatThrownBy(() -> begin(environment))
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("did not open a session");
    }
  }

  @Test
  void aSessionThatOpensAfterItWasClosedIsClosedAtOnce() throws Exception {
    try (WebSocketServer server = answering();
        OpenEnv environment = open(server)) {
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      episode.close();

      assertThatThrownBy(episode::begin)
          .isInstanceOf(ForeignEnvironmentException.class)
          .hasMessageContaining("the session opened after it was given up");
      assertThat(server.received).containsExactly("{\"type\":\"close\"}");
    }
  }

  @Test
  void aConnectionThatOpensAfterAnInterruptIsCut() throws Exception {
    try (WebSocketServer server = answering(FIRST);
        OpenEnv environment = open(server)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> begin(environment)).isInstanceOf(ForeignEnvironmentException.class);
      assertThat(Thread.interrupted()).isTrue();

      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (server.connections.get() == 0 || server.open.get() > 0) {
        assertThat(System.nanoTime()).as("waiting for the end of the connection").isLessThan(end);
        Thread.onSpinWait();
      }
    }
  }

  private static List<Message> begin(OpenEnv environment) {
    return environment.start(environment.problem(Split.TRAIN, 0)).begin();
  }

  /** Answers the texts of each session in order, then cuts it. */
  private static WebSocketServer answering(String... answers) throws IOException {
    var left = Arrays.asList(answers).iterator();
    return new WebSocketServer(
        text -> left.hasNext() ? Optional.of(left.next()) : Optional.empty());
  }

  private static String observation(String fields, String reward, boolean done) {
    return "{\"type\":\"observation\",\"data\":{\"observation\":{%s},\"reward\":%s,\"done\":%s}}"
        .formatted(fields, reward, done);
  }

  private static OpenEnv open(WebSocketServer server, String... keys) {
    Map<String, String> overrides =
        new HashMap<>(Map.of("url", server.url(), "observation", "text", "deadline_s", "30"));
    for (int i = 0; i < keys.length; i += 2) {
      overrides.put(keys[i], keys[i + 1]);
    }
    return new OpenEnv(ConfigLoader.load(OpenEnvConfig.class, Optional.empty(), overrides), 1);
  }
}
