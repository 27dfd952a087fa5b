package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.config.ConfigLoader;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Curricula with simulated policies, whose groups end a while after they were drawn. */
class CurriculumTest {
  private static final int GROUP = 8;
  private static final int IN_FLIGHT = 16;
  private static final List<String> FIVE = List.of("a", "b", "c", "d", "e");

  private static CurriculumConfig config(double target) {
    return new CurriculumConfig(target, 1, 16, 0.1);
  }

  /** Draws and scores groups; the pass rate of a level follows from its number and the time. */
  private static final class Simulation {
    final Curriculum curriculum;
    final List<Integer> drawn = new ArrayList<>();
    final List<Double> passed = new ArrayList<>();
    private final SplittableRandom random;
    private final Deque<Integer> inFlight = new ArrayDeque<>();

    Simulation(Curriculum curriculum, long seed) {
      this.curriculum = curriculum;
      this.random = new SplittableRandom(seed);
    }

    void run(int groups, DoubleUnaryOperator passRate) {
      for (int i = 0; i < groups; i++) {
        int level = curriculum.next().level();
        drawn.add(level);
        inFlight.add(level);
        if (inFlight.size() > IN_FLIGHT) {
          int ended = inFlight.remove();
          List<Double> rewards =
              random
                  .doubles(GROUP)
                  .mapToObj(u -> u < passRate.applyAsDouble(ended) ? 1.0 : 0.5)
                  .toList();
          passed.add(rewards.stream().mapToDouble(r -> r == 1 ? 1 : 0).average().orElseThrow());
          curriculum.scored(ended, rewards);
        }
      }
    }

    double passRateOfTheLast(int groups) {
      return passed.subList(passed.size() - groups, passed.size()).stream()
          .mapToDouble(Double::doubleValue)
          .average()
          .orElseThrow();
    }

    double shareOfTheLast(int groups, int level) {
      return (double)
              drawn.subList(drawn.size() - groups, drawn.size()).stream()
                  .filter(l -> l == level)
                  .count()
          / groups;
    }
  }

  private static DoubleUnaryOperator ability(double ability) {
    return level -> 1 / (1 + Math.exp(2 * (level - ability)));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.3, 0.5, 0.7})
  void thePassRateOfWhatIsDrawnNearsTheTarget(double target) {
    for (double ability : new double[] {0.5, 2, 3.5}) {
      Simulation run = new Simulation(new Curriculum(FIVE, config(target)), 3);
      run.run(1200, ability(ability));

      assertThat(run.passRateOfTheLast(600)).isCloseTo(target, within(0.08));
    }
  }

  @Test
  void aPolicyThatImprovesIsGivenHarderLevels() {
    Simulation run = new Simulation(new Curriculum(FIVE, config(0.5)), 5);
    run.run(600, ability(0.5));
    double hardBefore = run.shareOfTheLast(200, 3) + run.shareOfTheLast(200, 4);
    run.run(600, ability(4));
    double hardAfter = run.shareOfTheLast(200, 3) + run.shareOfTheLast(200, 4);

    assertThat(hardAfter).isGreaterThan(hardBefore + 0.3);
    assertThat(run.passRateOfTheLast(200)).isCloseTo(0.5, within(0.12));
  }

  @Test
  void aTargetOutOfReachDrawsTheNearestLevelAndEveryLevelIsExplored() {
    Simulation easy = new Simulation(new Curriculum(FIVE, config(0.5)), 7);
    easy.run(800, level -> level == 4 ? 0.9 : 1);
    Simulation hard = new Simulation(new Curriculum(FIVE, config(0.5)), 7);
    hard.run(800, level -> level == 0 ? 0.1 : 0);

    assertThat(easy.shareOfTheLast(400, 4)).isGreaterThan(0.8);
    assertThat(hard.shareOfTheLast(400, 0)).isGreaterThan(0.8);
    for (int level = 0; level < 5; level++) {
      assertThat(easy.shareOfTheLast(400, level)).isGreaterThanOrEqualTo(0.015);
    }
  }

  @Test
  void theSharesOfTheLevelsSumToOneAndMeetTheTargetWhereTheyCan() {
    Curriculum curriculum = new Curriculum(FIVE, config(0.4));
    new Simulation(curriculum, 1).run(500, ability(2));

    List<Curriculum.Level> levels = curriculum.levels();

    assertThat(levels.stream().mapToDouble(Curriculum.Level::share).sum())
        .isCloseTo(1, within(1e-9));
    assertThat(levels.stream().mapToDouble(level -> level.share() * level.passRate()).sum())
        .isCloseTo(0.4, within(1e-6));
    assertThat(levels.stream().mapToLong(Curriculum.Level::drawn).sum()).isEqualTo(500);
  }

  @Test
  void equalOutcomesGiveEqualDrawsAndASnapshotGoesOnWithTheSame() {
    Simulation whole = new Simulation(new Curriculum(FIVE, config(0.5)), 9);
    whole.run(400, ability(2));
    Simulation again = new Simulation(new Curriculum(FIVE, config(0.5)), 9);
    again.run(400, ability(2));
    assertThat(again.drawn).isEqualTo(whole.drawn);

    Curriculum restored = new Curriculum(FIVE, config(0.5));
    restored.restore(whole.curriculum.snapshot());

    for (int i = 0; i < 200; i++) {
      assertThat(restored.next()).isEqualTo(whole.curriculum.next());
      restored.scored(i % 5, List.of(1.0, 0.0));
      whole.curriculum.scored(i % 5, List.of(1.0, 0.0));
    }
    assertThatThrownBy(() -> new Curriculum(List.of("a"), config(0.5)).restore(restored.snapshot()))
        .hasMessageContaining("5 levels, expected the 1 of this run");
  }

  private static EnvironmentMix open(Map<String, String> settings) {
    return Environments.open(
        ConfigLoader.load(EnvironmentConfig.class, Optional.empty(), settings), 1);
  }

  @Test
  void theProblemsOfALevelAreDrawnByItsGeneratorAndTheirNumberTellsTheLevel() {
    EnvironmentMix mix =
        open(
            Map.of(
                "name",
                "arithmetic",
                "arithmetic.numbers",
                "3",
                "arithmetic.max_number",
                "20",
                "curriculum.target",
                "0.5"));
    Curriculum curriculum = mix.curricula().values().iterator().next();
    assertThat(curriculum.levels())
        .extracting(Curriculum.Level::name)
        .containsExactly("2 numbers to 9", "2 numbers to 20", "3 numbers to 9", "3 numbers to 20");

    Map<Long, List<String>> texts =
        IntStream.range(0, 80)
            .mapToObj(_ -> mix.next())
            .map(draw -> draw.environment().problem(Split.TRAIN, draw.index()))
            .collect(
                Collectors.groupingBy(
                    problem -> problem.index() % 4,
                    Collectors.mapping(Problem::text, Collectors.toList())));

    assertThat(texts).hasSize(4);
    assertThat(texts.get(0L)).allMatch(text -> text.matches("\\d[+-]\\d"));
    assertThat(texts.get(2L)).allMatch(text -> text.matches("\\d[+-]\\d[+-]\\d"));
    assertThat(texts.get(3L)).allMatch(text -> text.split("[+-]", -1).length == 3);
    assertThat(texts.values())
        .allSatisfy(
            level -> assertThat(level).allMatch(text -> Draws.splitOf(text) == Split.TRAIN));
  }

  @Test
  void theHeldOutProblemsAreThoseOfARunWithoutACurriculum() {
    Map<String, String> plain = Map.of("name", "sudoku-4x4");
    Map<String, String> leveled = Map.of("name", "sudoku-4x4", "curriculum.target", "0.5");
    Environment without = open(plain).environments().getFirst();
    Environment with = open(leveled).environments().getFirst();

    for (int i = 0; i < 20; i++) {
      assertThat(with.problem(Split.HELD_OUT, i)).isEqualTo(without.problem(Split.HELD_OUT, i));
    }
  }

  @Test
  void moreLevelsThanACurriculumTellsApartAreRefused() {
    assertThatThrownBy(() -> open(Map.of("max_length", "99", "curriculum.target", "0.5")))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("reverse-text has 97 levels")
        .hasMessageContaining("expected at most 32");
  }

  @Test
  void aCurriculumWithoutAnEnvironmentThatHasLevelsIsRefused() {
    assertThatThrownBy(() -> open(Map.of("name", "wordle", "curriculum.target", "0.5")))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("expected reverse-text, arithmetic or sudoku-4x4 among them");
  }
}
