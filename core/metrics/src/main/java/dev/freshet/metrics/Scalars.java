package dev.freshet.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The finite numbers of a metrics line, by the path of their fields: {@code train/loss}, {@code
 * step/dropped/stale/rollouts}.
 */
final class Scalars {
  private Scalars() {}

  static Map<String, Double> of(String kind, Map<String, ?> fields) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    collect(kind, fields, scalars);
    return scalars;
  }

  private static void collect(String prefix, Map<?, ?> fields, Map<String, Double> scalars) {
    fields.forEach(
        (key, value) -> {
          String name = prefix + "/" + key;
          switch (value) {
            case Number number when Double.isFinite(number.doubleValue()) ->
                scalars.put(name, number.doubleValue());
            case Map<?, ?> nested -> collect(name, nested, scalars);
            case null, default -> {}
          }
        });
  }
}
