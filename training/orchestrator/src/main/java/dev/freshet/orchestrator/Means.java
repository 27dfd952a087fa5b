package dev.freshet.orchestrator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The mean of each of a set of named figures, to the last bit the same in whichever order they were
 * added. Not thread-safe.
 */
final class Means {
  private final Map<String, List<Double>> figures = new TreeMap<>();

  void add(String name, double figure) {
    figures.computeIfAbsent(name, _ -> new ArrayList<>()).add(figure);
  }

  void addAll(Map<String, Double> more) {
    more.forEach(this::add);
  }

  /** The means by name, sorted. */
  Map<String, Double> means() {
    Map<String, Double> means = new TreeMap<>();
    figures.forEach(
        (name, added) ->
            means.put(
                name,
                added.stream().sorted().mapToDouble(Double::doubleValue).average().orElseThrow()));
    return means;
  }
}
