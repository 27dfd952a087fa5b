package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * The requests of an engine, whoever sent them, as its metrics page has them: seconds old, so a
 * hint.
 *
 * @param running requests that are being decoded
 * @param waiting requests that wait to be admitted
 * @param kvUsage the share of the KV cache that is in use, 0 to 1; of several engines the highest
 */
public record EngineLoad(long running, long waiting, double kvUsage) {
  /** Those of vLLM. */
  static final Series VLLM =
      new Series(
          "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc");

  /** Those of SGLang, which it has if it was started with {@code --enable-metrics}. */
  static final Series SGLANG =
      new Series("sglang:num_running_reqs", "sglang:num_queue_reqs", "sglang:token_usage");

  /** The names of the series. */
  public record Series(String running, String waiting, String kvUsage) {}

  /**
   * Asks a server; empty if its page does not have the series.
   *
   * @throws AdminException if it cannot be asked
   */
  public static Optional<EngineLoad> read(AdminClient server, Series series) {
    byte[] page;
    try {
      page = server.get("/metrics").body();
    } catch (AdminException e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
    List<String> lines =
        new String(page, StandardCharsets.UTF_8)
            .lines()
            .filter(line -> line.startsWith("vllm:") || line.startsWith("sglang:"))
            .toList();
    double[] running = values(lines, series.running());
    if (running.length == 0) {
      return Optional.empty();
    }
    double usage = 0;
    for (double one : values(lines, series.kvUsage())) {
      usage = Math.max(usage, one);
    }
    return Optional.of(new EngineLoad(sum(running), sum(values(lines, series.waiting())), usage));
  }

  /** The values of the series of that name, one for each set of labels. */
  private static double[] values(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .mapToDouble(EngineLoad::value)
        .filter(Double::isFinite)
        .toArray();
  }

  private static double value(String line) {
    try {
      return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static long sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return Math.round(sum);
  }
}
