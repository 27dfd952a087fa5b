package dev.freshet.text.template;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Prints how long a chat of 10 messages and 2 kB of JSON takes to render, once the code is
 * compiled: {@code RenderingBenchmark TEMPLATE...}.
 */
final class RenderingBenchmark {
  private static final int WARM_UP = 20_000;
  private static final int RUNS = 20_000;

  private RenderingBenchmark() {}

  public static void main(String[] files) throws IOException {
    List<Map<String, String>> messages = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      messages.add(
          Map.of(
              "role",
              i % 2 == 0 ? "user" : "assistant",
              "content",
              "Message %d of the conversation. ".formatted(i).repeat(6).strip()));
    }
    JsonNode json = new ObjectMapper().valueToTree(messages);
    System.out.printf(
        "%d bytes of JSON%n", json.toString().getBytes(StandardCharsets.UTF_8).length);
    for (String file : files) {
      ChatTemplate template = ChatTemplate.of(Files.readString(Path.of(file)), Clock.systemUTC());
      Map<String, String> variables = Map.of("bos_token", "<s>", "eos_token", "</s>");
      long[] nanos = new long[RUNS];
      int length = 0;
      for (int i = -WARM_UP; i < RUNS; i++) {
        long start = System.nanoTime();
        length = template.render(json, List.of(), true, variables).text().length();
        nanos[Math.floorMod(i, RUNS)] = System.nanoTime() - start;
      }
      Arrays.sort(nanos);
      System.out.printf(
          "%s: %d chars, p50 %.1f µs, p99 %.1f µs%n",
          Path.of(file).getFileName(), length, nanos[RUNS / 2] / 1e3, nanos[RUNS * 99 / 100] / 1e3);
    }
  }
}
