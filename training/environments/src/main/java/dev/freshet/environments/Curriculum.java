package dev.freshet.environments;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Draws levels of difficulty so that the pass rate of what is drawn nears a target. With the
 * estimated pass rate pₗ of each of L levels, the share of level l is
 *
 * <pre>
 *   wₗ = (1 − ε)·bₗ·exp(λ·pₗ) / Σₖ bₖ·exp(λ·pₖ) + ε / L        bₗ = pₗ·(1 − pₗ) + 0.01
 * </pre>
 *
 * <p>bₗ is the variance of a pass: the levels that tell a group's answers apart come first. λ makes
 * Σ wₗ·pₗ the target, or as near to it as ε, the share of exploration, and the levels allow. pₗ is
 * an exponential mean over the groups of the level; it begins at the target. The draws follow the
 * shares as evenly as they can, so they depend on the outcomes and their order alone. Outcomes may
 * come late, in any order, or never. Thread-safe.
 */
public final class Curriculum {
  /** The least signal of a level. */
  private static final double LEAST_VARIANCE = 0.01;

  /** exp of a larger tilt would leave nothing of the other levels. */
  private static final double MOST_TILT = 100;

  private static final int HALVINGS = 50;

  private final List<String> names;
  private final double target;
  private final double explore;
  private final double passReward;
  private final double rate;
  private final long[] drawn;
  private final double[] owed;
  private final double[] passRates;

  /**
   * A level now.
   *
   * @param share of the draws, 0 to 1
   * @param passRate as estimated
   * @param drawn how often it was drawn
   */
  public record Level(String name, double share, double passRate, long drawn) {}

  /**
   * The whole state, a value for each level.
   *
   * @param drawn how often it was drawn
   * @param owed the share of the draws so far that it has not had
   * @param passRates as estimated
   */
  public record Snapshot(List<Long> drawn, List<Double> owed, List<Double> passRates) {
    public Snapshot {
      drawn = List.copyOf(drawn);
      owed = List.copyOf(owed);
      passRates = List.copyOf(passRates);
    }
  }

  /** What is drawn: problem number {@code index} of a level. */
  public record Draw(int level, long index) {}

  /**
   * @param names of the levels, one or more
   */
  public Curriculum(List<String> names, CurriculumConfig config) {
    this.names = List.copyOf(names);
    this.target = config.target();
    this.explore = config.explore();
    this.passReward = config.passReward();
    this.rate = 2.0 / (config.memory() + 1);
    this.drawn = new long[names.size()];
    this.owed = new double[names.size()];
    this.passRates = new double[names.size()];
    Arrays.fill(passRates, target);
  }

  /** Draws the level that is owed most, the easiest of equal ones. */
  public synchronized Draw next() {
    double[] shares = shares();
    int most = 0;
    for (int level = 0; level < shares.length; level++) {
      owed[level] += shares[level];
      if (owed[level] > owed[most]) {
        most = level;
      }
    }
    owed[most]--;
    return new Draw(most, drawn[most]++);
  }

  /** A group of a level has ended with these rewards, one or more. */
  public synchronized void scored(int level, List<Double> rewards) {
    double passed =
        (double) rewards.stream().filter(reward -> reward >= passReward).count() / rewards.size();
    passRates[level] += rate * (passed - passRates[level]);
  }

  /** The levels, from easy to hard. */
  public synchronized List<Level> levels() {
    double[] shares = shares();
    return IntStream.range(0, shares.length)
        .mapToObj(l -> new Level(names.get(l), shares[l], passRates[l], drawn[l]))
        .toList();
  }

  public synchronized Snapshot snapshot() {
    return new Snapshot(
        Arrays.stream(drawn).boxed().toList(),
        Arrays.stream(owed).boxed().toList(),
        Arrays.stream(passRates).boxed().toList());
  }

  /**
   * Continues from a snapshot.
   *
   * @throws IllegalArgumentException if it is of another number of levels
   */
  public synchronized void restore(Snapshot snapshot) {
    for (List<?> values : List.of(snapshot.drawn(), snapshot.owed(), snapshot.passRates())) {
      if (values.size() != names.size()) {
        throw new IllegalArgumentException(
            "state of a curriculum with %d levels, expected the %d of this run (%s)"
                .formatted(values.size(), names.size(), String.join(", ", names)));
      }
    }
    for (int level = 0; level < drawn.length; level++) {
      drawn[level] = snapshot.drawn().get(level);
      owed[level] = snapshot.owed().get(level);
      passRates[level] = snapshot.passRates().get(level);
    }
  }

  /** The shares of the levels; the mean pass rate grows with the tilt. */
  private double[] shares() {
    double low = -MOST_TILT;
    double high = MOST_TILT;
    for (int i = 0; i < HALVINGS; i++) {
      double tilt = (low + high) / 2;
      if (passRate(shares(tilt)) < target) {
        low = tilt;
      } else {
        high = tilt;
      }
    }
    return shares((low + high) / 2);
  }

  private double[] shares(double tilt) {
    double[] shares = new double[passRates.length];
    double largest = Arrays.stream(passRates).map(p -> tilt * p).max().orElseThrow();
    double sum = 0;
    for (int level = 0; level < shares.length; level++) {
      double p = passRates[level];
      shares[level] = (p * (1 - p) + LEAST_VARIANCE) * Math.exp(tilt * p - largest);
      sum += shares[level];
    }
    for (int level = 0; level < shares.length; level++) {
      shares[level] = (1 - explore) * shares[level] / sum + explore / shares.length;
    }
    return shares;
  }

  private double passRate(double[] shares) {
    double mean = 0;
    for (int level = 0; level < shares.length; level++) {
      mean += shares[level] * passRates[level];
    }
    return mean;
  }
}
