package dev.freshet.environments;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An environment whose training problems a {@link Curriculum} draws. The number of a training
 * problem tells its level: with L levels, number i·L + l is problem i of level l. Everything else
 * is as without a curriculum, the held-out problems too.
 */
final class CurriculumEnvironment implements TurnEnvironment {
  /** The most levels, each of which is a series of metrics and needs outcomes of its own. */
  static final int MOST_LEVELS = 32;

  private final LeveledEnvironment environment;
  private final List<Draws> levels = new ArrayList<>();
  private final Curriculum curriculum;

  /**
   * @param seed decides which problems are drawn
   * @throws EnvironmentException if there are too many levels, or one has no problem to train on
   */
  CurriculumEnvironment(LeveledEnvironment environment, CurriculumConfig config, long seed) {
    this.environment = environment;
    int count = environment.levels().size();
    if (count > MOST_LEVELS) {
      throw new EnvironmentException(
          "environment.curriculum: %s has %d levels of difficulty with these settings, expected at most %d"
              .formatted(environment.name(), count, MOST_LEVELS));
    }
    for (LeveledEnvironment.Level level : environment.levels()) {
      levels.add(
          Draws.forTraining(
              environment.name() + ", " + level.name(),
              seed + levels.size() + 1,
              level.generator()));
    }
    this.curriculum =
        new Curriculum(
            environment.levels().stream().map(LeveledEnvironment.Level::name).toList(), config);
  }

  Curriculum curriculum() {
    return curriculum;
  }

  /** The number of the training problem that is drawn next. */
  long next() {
    Curriculum.Draw draw = curriculum.next();
    return draw.index() * levels.size() + draw.level();
  }

  /** A group of training problem number {@code index} has ended with these rewards. */
  void scored(long index, List<Double> rewards) {
    curriculum.scored(level(index), rewards);
  }

  private int level(long index) {
    return Math.toIntExact(index % levels.size());
  }

  @Override
  public String name() {
    return environment.name();
  }

  @Override
  public Problem problem(Split split, long index) {
    return switch (split) {
      case HELD_OUT -> environment.problem(split, index);
      case TRAIN -> {
        Problem drawn = levels.get(level(index)).problem(split, index / levels.size());
        yield new Problem(split, index, drawn.text());
      }
    };
  }

  @Override
  public Episode start(Problem problem) {
    return environment.start(problem);
  }

  @Override
  public int maxEpisodes() {
    return environment.maxEpisodes();
  }

  @Override
  public Optional<Demonstration> demonstration(long index) {
    return environment.demonstration(index);
  }

  @Override
  public void close() {
    environment.close();
  }
}
