package dev.freshet.analysis.timeline;

import java.util.LinkedHashMap;
import java.util.Map;

/** The arguments of a trace event, which a viewer shows. Unknown values are left out. */
final class Args {
  private final Map<String, Object> values = new LinkedHashMap<>();

  Args text(String key, String value) {
    if (!value.isEmpty()) {
      values.put(key, value);
    }
    return this;
  }

  Args figure(String key, double value) {
    if (Double.isFinite(value)) {
      values.put(key, value);
    }
    return this;
  }

  Args count(String key, double value) {
    if (Double.isFinite(value)) {
      values.put(key, Math.round(value));
    }
    return this;
  }

  Map<String, Object> values() {
    return values;
  }
}
