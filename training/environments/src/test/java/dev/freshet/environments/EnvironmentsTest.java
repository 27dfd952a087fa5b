package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.config.ConfigException;
import dev.freshet.config.ConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract of {@link Environment}, for every environment that is registered. */
class EnvironmentsTest {
  private static final int PROBLEMS = 200;

  @TempDir private static Path dir;
  private static Path tasks;

  @BeforeAll
  static void writeTasks() throws IOException {
    tasks = dir.resolve("tasks.jsonl");
    Files.writeString(
        tasks,
        IntStream.range(0, 400)
            .mapToObj(i -> "{\"task\":%d}\n".formatted(i))
            .collect(Collectors.joining()));
  }

  /** Those that connect to no other program when they are opened. */
  static List<String> names() {
    return Environments.names().stream()
        .filter(name -> !Set.of(Verifiers.NAME, NemoGym.NAME).contains(name))
        .toList();
  }

  /** Those that need no other program. */
  static List<String> builtIn() {
    return names().stream()
        .filter(name -> !List.of(OpenEnv.NAME, Agent.NAME).contains(name))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("names")
  void anEnvironmentHasTheNameItIsRegisteredUnder(String name) {
    assertThat(open(name, 1).name()).isEqualTo(name);
  }

  @ParameterizedTest
  @MethodSource("names")
  void equalSeedsGiveEqualProblemsAndDifferentSeedsDifferentOnes(String name) {
    List<Problem> problems = problems(open(name, 1), Split.TRAIN);

    assertThat(problems(open(name, 1), Split.TRAIN)).isEqualTo(problems);
    assertThat(problems(open(name, 2), Split.TRAIN)).isNotEqualTo(problems);
    assertThat(problems).extracting(Problem::split).containsOnly(Split.TRAIN);
  }

  @ParameterizedTest
  @MethodSource("names")
  void noHeldOutTextIsEverInTheTrainingSetWhateverTheSeed(String name) {
    Set<String> heldOut = new HashSet<>();
    Set<String> train = new HashSet<>();
    for (int seed = 1; seed <= 5; seed++) {
      problems(open(name, seed), Split.HELD_OUT).forEach(problem -> heldOut.add(problem.text()));
      problems(open(name, seed), Split.TRAIN).forEach(problem -> train.add(problem.text()));
    }
    assertThat(heldOut).isNotEmpty().doesNotContainAnyElementsOf(train);
  }

  @ParameterizedTest
  @MethodSource("builtIn")
  void anEpisodeBeginsWithAMessageAndEndsWithAScoreFrom0To1WhateverIsAnswered(String name) {
    for (String answer : List.of("", "?", "12", "hello world", "1234\n3412\n2143\n4321")) {
      TurnEnvironment environment = (TurnEnvironment) open(name, 1);
      Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
      assertThat(episode.begin()).extracting(Message::role).endsWith(Message.Role.USER);

      Step.End end = null;
      for (int turn = 0; turn < 50 && end == null; turn++) {
        end =
            switch (episode.next(new Answer(answer, new int[] {1}, "stop"))) {
              case Step.End ended -> ended;
              case Step.Next next -> {
                assertThat(next.messages()).isNotEmpty();
                yield null;
              }
            };
      }
      episode.close();
      assertThat(end).isNotNull();
      assertThat(end.reward()).isBetween(0.0, 1.0);
      assertThat(end.metrics()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("builtIn")
  void anEpisodeThatIsCutOffHasAScoreFrom0To1(String name) {
    TurnEnvironment environment = (TurnEnvironment) open(name, 1);
    Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
    episode.begin();

    assertThat(episode.cutOff().reward()).isBetween(0.0, 1.0);
  }

  @ParameterizedTest
  @MethodSource("builtIn")
  void aDemonstrationIsOfTheTrainingSetAndItsAnswerScores1(String name) {
    TurnEnvironment environment = (TurnEnvironment) open(name, 1);
    for (int i = 0; i < 20; i++) {
      Optional<Demonstration> shown = environment.demonstration(i);
      if (shown.isPresent()) {
        String text = shown.get().messages().getLast().content().replace("\n", "");
        assertThat(Draws.splitOf(text)).isEqualTo(Split.TRAIN);
        Episode episode = environment.start(new Problem(Split.TRAIN, i, text));
        assertThat(episode.begin()).isEqualTo(shown.get().messages());
        assertThat(episode.next(new Answer(shown.get().answer(), new int[] {1}, "stop")))
            .isInstanceOfSatisfying(Step.End.class, end -> assertThat(end.reward()).isEqualTo(1));
      }
    }
  }

  @Test
  void severalEnvironmentsAreDrawnByTheirWeights() {
    try (EnvironmentMix mix =
        Environments.open(config("mix", "arithmetic=3,wordle=1,sudoku-4x4=0.5"), 1)) {
      Map<String, List<Long>> drawn =
          LongStream.range(0, 90)
              .mapToObj(i -> mix.next())
              .collect(
                  Collectors.groupingBy(
                      draw -> draw.environment().name(),
                      Collectors.mapping(EnvironmentMix.Draw::index, Collectors.toList())));

      assertThat(drawn.get("arithmetic")).isEqualTo(LongStream.range(0, 60).boxed().toList());
      assertThat(drawn.get("wordle")).isEqualTo(LongStream.range(0, 20).boxed().toList());
      assertThat(drawn.get("sudoku-4x4")).isEqualTo(LongStream.range(0, 10).boxed().toList());
    }
  }

  @Test
  void anEnvironmentThatFailsToCloseOrHangsKeepsNoOtherOpen() throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    new EnvironmentMix(
            Stream.<Runnable>of(
                    () -> {
                      throw new AssertionError("it does not close");
                    },
                    () -> awaitUninterruptibly(end),
                    closed::countDown)
                .map(close -> new EnvironmentMix.Part(closing(close), 1))
                .toList(),
            Duration.ofMillis(50))
        .close();

    assertThat(closed.await(1, TimeUnit.MINUTES)).isTrue();
    end.countDown();
  }

  private static void awaitUninterruptibly(CountDownLatch end) {
    try {
      end.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Environment closing(Runnable close) {
    return new TurnEnvironment() {
      @Override
      public String name() {
        return "closing";
      }

      @Override
      public Problem problem(Split split, long index) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Episode start(Problem problem) {
        throw new UnsupportedOperationException();
      }

      @Override
      public void close() {
        close.run();
      }
    };
  }

  @Test
  void anUnknownNameIsRefusedWithTheNamesThatAreRegistered() {
    assertThatThrownBy(() -> config("name", "chess"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("expected one of \"agent\"")
        .hasMessageContaining("\"reverse-text\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"chess=1", "wordle", "wordle=x", "wordle=0", "wordle=-1", "wordle=1,wordle=2"})
  void aMixThatIsNoListOfEnvironmentsWithWeightsIsRefused(String mix) {
    assertThatThrownBy(() -> config("mix", mix))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("expected NAME=WEIGHT with a positive weight");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "alphabet              | aa   | expected at least two characters, each once",
        "min_length            | 0    | expected at least 1",
        "max_length            | 2    | expected at least min_length",
        "arithmetic.operators  | /    | expected one or more of + - and *",
        "arithmetic.max_number | 1001 | expected 1 to 1000",
        "alphabet_sort.turns   | 0    | expected 1 to 10",
        "wordle.revealed       | 5    | expected 0 to 4",
        "sudoku.max_blanks     | 11   | expected min_blanks to 10",
      })
  void impossibleSettingsAreRefused(String key, String value, String message) {
    assertThatThrownBy(() -> config(key, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(key)
        .hasMessageContaining(message);
  }

  @Test
  void settingsThatLeaveOneOfTheSetsEmptyAreRefused() {
    EnvironmentConfig config =
        ConfigLoader.load(
            EnvironmentConfig.class,
            Optional.empty(),
            Map.of("alphabet", "ab", "min_length", "1", "max_length", "1"));
    assertThatThrownBy(() -> Environments.open(config, 1))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("expected settings that allow more problems");
  }

  private static EnvironmentConfig config(String key, String value) {
    return ConfigLoader.load(EnvironmentConfig.class, Optional.empty(), Map.of(key, value));
  }

  private static Environment open(String name, long seed) {
    Map<String, String> settings =
        Map.of("name", name, "agent.command", "./agent", "agent.tasks", tasks.toString());
    return Environments.open(
            ConfigLoader.load(EnvironmentConfig.class, Optional.empty(), settings), seed)
        .environments()
        .getFirst();
  }

  private static List<Problem> problems(Environment environment, Split split) {
    return LongStream.range(0, PROBLEMS)
        .mapToObj(index -> environment.problem(split, index))
        .toList();
  }
}
