package dev.freshet.orchestrator;

import java.util.Map;
import java.util.TreeMap;

/** The mean of each of a set of named figures. Not thread-safe. */
final class Means {
  private record Sum(double sum, long count) {
    Sum plus(Sum other) {
      return new Sum(sum + other.sum, count + other.count);
    }
  }

  private final Map<String, Sum> sums = new TreeMap<>();

  void add(String name, double figure) {
    sums.merge(name, new Sum(figure, 1), Sum::plus);
  }

  void addAll(Map<String, Double> figures) {
    figures.forEach(this::add);
  }

  /** The means by name, sorted. */
  Map<String, Double> means() {
    Map<String, Double> means = new TreeMap<>();
    sums.forEach((name, sum) -> means.put(name, sum.sum / sum.count));
    return means;
  }
}
