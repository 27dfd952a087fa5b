package dev.freshet.environments;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The registry of the environments: the built-in ones, and the protocols of others. */
public final class Environments {
  private static final Map<String, Factory> FACTORIES =
      new TreeMap<>(
          Map.of(
              ReverseText.NAME,
              (config, seed) ->
                  new ReverseText(config.alphabet(), config.minLength(), config.maxLength(), seed),
              Arithmetic.NAME,
              (config, seed) -> new Arithmetic(config.arithmetic(), seed),
              AlphabetSort.NAME,
              (config, seed) -> new AlphabetSort(config.alphabetSort(), seed),
              Wordle.NAME,
              (config, seed) -> new Wordle(config.wordle(), seed),
              Agent.NAME,
              (config, seed) -> new Agent(config.agent(), seed),
              OpenEnv.NAME,
              (config, seed) -> new OpenEnv(config.openenv(), seed),
              Verifiers.NAME,
              (config, seed) -> new Verifiers(config.verifiers(), seed),
              NemoGym.NAME,
              (config, seed) -> new NemoGym(config.nemoGym(), seed, InstantSource.system()),
              Sudoku.NAME,
              (config, seed) -> new Sudoku(config.sudoku(), seed)));

  /** Makes an environment; see {@link Environments#open}. */
  @FunctionalInterface
  private interface Factory {
    Environment open(EnvironmentConfig config, long seed);
  }

  private Environments() {}

  /** The names by which a configuration chooses them, sorted. */
  public static List<String> names() {
    return List.copyOf(FACTORIES.keySet());
  }

  /**
   * Makes the environments that {@code config} names. The caller closes them.
   *
   * @param seed decides which problems are drawn
   * @throws EnvironmentException if the settings do not fit an environment
   */
  public static EnvironmentMix open(EnvironmentConfig config, long seed) {
    List<EnvironmentMix.Part> parts = new ArrayList<>();
    for (EnvironmentConfig.Share share : config.shares()) {
      Environment environment =
          Objects.requireNonNull(FACTORIES.get(share.name())).open(config, seed);
      parts.add(
          new EnvironmentMix.Part(
              environment instanceof LeveledEnvironment leveled && config.curriculum().enabled()
                  ? new CurriculumEnvironment(leveled, config.curriculum(), seed)
                  : environment,
              share.weight()));
    }
    EnvironmentMix mix = new EnvironmentMix(parts);
    if (config.curriculum().enabled() && mix.curricula().isEmpty()) {
      mix.close();
      throw new EnvironmentException(
          "environment.curriculum.target = %s, but no environment of this run has levels of difficulty: expected reverse-text, arithmetic or sudoku-4x4 among them"
              .formatted(config.curriculum().target()));
    }
    return mix;
  }
}
