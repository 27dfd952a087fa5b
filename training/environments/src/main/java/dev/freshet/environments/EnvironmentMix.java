package dev.freshet.environments;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The environments of a run, each with a weight. After n draws every environment was drawn as often
 * as its share of n, to within one; the order depends on the weights alone. Thread-safe.
 */
public final class EnvironmentMix implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EnvironmentMix.class);
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(10);

  private final List<Part> parts;
  private final Duration closeDeadline;
  private final long[] drawn;

  /**
   * An environment and its weight.
   *
   * @param weight above 0
   */
  public record Part(Environment environment, double weight) {}

  /**
   * The environment of the next group.
   *
   * @param index the number of its training problem, from 0; with a curriculum not the next one
   */
  public record Draw(Environment environment, long index) {}

  /**
   * @param parts one or more
   */
  public EnvironmentMix(List<Part> parts) {
    this(parts, CLOSE_DEADLINE);
  }

  /**
   * @param closeDeadline for an environment to close
   */
  EnvironmentMix(List<Part> parts, Duration closeDeadline) {
    this.parts = List.copyOf(parts);
    this.closeDeadline = closeDeadline;
    this.drawn = new long[parts.size()];
  }

  /** One environment alone. */
  public static EnvironmentMix of(Environment environment) {
    return new EnvironmentMix(List.of(new Part(environment, 1)));
  }

  /** All environments, in the order of the configuration. */
  public List<Environment> environments() {
    return parts.stream().map(Part::environment).toList();
  }

  /**
   * The environment of a name.
   *
   * @throws EnvironmentException if there is none
   */
  public Environment named(String name) {
    return environments().stream()
        .filter(environment -> environment.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new EnvironmentException(
                    "environment %s: expected one of %s"
                        .formatted(name, environments().stream().map(Environment::name).toList())));
  }

  /** Draws the environment whose next problem is due first. */
  public synchronized Draw next() {
    int first = 0;
    for (int i = 1; i < drawn.length; i++) {
      if (due(i) < due(first)) {
        first = i;
      }
    }
    long index = drawn[first]++;
    return parts.get(first).environment() instanceof CurriculumEnvironment leveled
        ? new Draw(leveled, leveled.next())
        : new Draw(parts.get(first).environment(), index);
  }

  /**
   * The group of a draw has ended with these rewards, one or more, from which a curriculum learns.
   *
   * @param index that of the draw
   */
  public void scored(Environment environment, long index, List<Double> rewards) {
    if (environment instanceof CurriculumEnvironment leveled) {
      leveled.scored(index, rewards);
    }
  }

  /** The curricula of the run by the names of their environments. */
  public Map<String, Curriculum> curricula() {
    Map<String, Curriculum> curricula = new LinkedHashMap<>();
    for (Environment environment : environments()) {
      if (environment instanceof CurriculumEnvironment leveled) {
        curricula.put(leveled.name(), leveled.curriculum());
      }
    }
    return curricula;
  }

  /** When the next problem of an environment is due, if the problems of each are spaced evenly. */
  private double due(int part) {
    return (drawn[part] + 0.5) / parts.get(part).weight();
  }

  /** Closes every environment. One that fails or hangs keeps no other open and fails no run. */
  @Override
  public void close() {
    try {
      for (Environment environment : environments()) {
        close(environment);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void close(Environment environment) throws InterruptedException {
    Thread closing =
        Thread.ofPlatform()
            .daemon()
            .name("freshet-environment-close")
            .start(
                () -> {
                  try {
                    environment.close();
                  } catch (RuntimeException | Error e) {
                    LOG.warn("environment {} cannot be closed", environment.name(), e);
                  }
                });
    if (!closing.join(closeDeadline)) {
      LOG.warn(
          "environment {} does not close within {} s: its thread is left behind",
          environment.name(),
          closeDeadline.toSeconds());
    }
  }
}
