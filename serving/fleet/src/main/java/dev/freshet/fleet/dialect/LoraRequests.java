package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;

/**
 * The adapters that have requests, by vLLM's metric {@code vllm:lora_requests_info}: its labels
 * list them, and its value is the time of the report, so the newest series counts.
 */
final class LoraRequests {
  private static final String METRIC = "vllm:lora_requests_info{";

  private LoraRequests() {}

  /** The labels of the newest report; empty if there is none. */
  static String running(AdminClient server) {
    String page = new String(server.get("/metrics").body(), StandardCharsets.UTF_8);
    return page.lines()
        .filter(line -> line.startsWith(METRIC))
        .max(Comparator.comparingDouble(LoraRequests::value))
        .orElse("");
  }

  private static double value(String line) {
    try {
      return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
