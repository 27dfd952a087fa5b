package dev.freshet.environments;

import java.util.List;

/**
 * The environments of a run, each with a weight. After n draws every environment was drawn as often
 * as its share of n, to within one; the order depends on the weights alone. Thread-safe.
 */
public final class EnvironmentMix implements AutoCloseable {
  private final List<Part> parts;
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
   * @param index the number of its training problem, from 0
   */
  public record Draw(Environment environment, long index) {}

  /**
   * @param parts one or more
   */
  public EnvironmentMix(List<Part> parts) {
    this.parts = List.copyOf(parts);
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

  /** Draws the environment whose next problem is due first. */
  public synchronized Draw next() {
    int first = 0;
    for (int i = 1; i < drawn.length; i++) {
      if (due(i) < due(first)) {
        first = i;
      }
    }
    return new Draw(parts.get(first).environment(), drawn[first]++);
  }

  /** When the next problem of an environment is due, if the problems of each are spaced evenly. */
  private double due(int part) {
    return (drawn[part] + 0.5) / parts.get(part).weight();
  }

  @Override
  public void close() {
    environments().forEach(Environment::close);
  }
}
