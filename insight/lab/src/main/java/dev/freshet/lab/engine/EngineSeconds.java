package dev.freshet.lab.engine;

import dev.freshet.client.AdminClient;
import java.nio.charset.StandardCharsets;
import java.util.OptionalDouble;

/**
 * How long the engine of a Freshet server has worked since it started, from its metrics; NaN for a
 * figure that the server does not have.
 *
 * @param steps seconds in steps
 * @param linear seconds of those in linear layers
 */
record EngineSeconds(double steps, double linear) {
  private static final String STEPS = "freshet_engine_step_seconds_total";
  private static final String LINEAR = "freshet_engine_linear_seconds_total";

  /** Asks the server. */
  static EngineSeconds of(AdminClient server) {
    return parse(new String(server.get("/metrics").body(), StandardCharsets.UTF_8));
  }

  /** The figures of a page in Prometheus' text format. */
  static EngineSeconds parse(String page) {
    return new EngineSeconds(
        value(page, STEPS).orElse(Double.NaN), value(page, LINEAR).orElse(Double.NaN));
  }

  private static OptionalDouble value(String page, String series) {
    String start = series + " ";
    return page.lines()
        .filter(line -> line.startsWith(start))
        .mapToDouble(line -> Double.parseDouble(line.substring(start.length()).strip()))
        .findFirst();
  }

  /** The share of linear layers in the steps since {@code before}; NaN if there were none. */
  double linearShareSince(EngineSeconds before) {
    double elapsed = steps - before.steps;
    return elapsed > 0 ? (linear - before.linear) / elapsed : Double.NaN;
  }
}
