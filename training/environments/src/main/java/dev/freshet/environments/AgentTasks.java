package dev.freshet.environments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tasks of a file, a JSON value in each line; blank lines are skipped. A hash of a line decides
 * whether it is held out. Each set is drawn in passes: every task once, in an order of its own.
 * Immutable.
 */
final class AgentTasks {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** Far apart in the generator's sequence of seeds. */
  private static final long PASS_STRIDE = 0x9E3779B97F4A7C15L;

  private final Map<Split, List<String>> tasks = new EnumMap<>(Split.class);
  private final long seed;

  /**
   * @param seed decides the order
   * @throws EnvironmentException if the file cannot be read, a line is not JSON, or a set is empty
   */
  AgentTasks(Path file, long seed) {
    this.seed = seed;
    for (Split split : Split.values()) {
      tasks.put(split, new ArrayList<>());
    }
    List<String> lines = lines(file);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (!line.isEmpty()) {
        requireJson(file, i + 1, line);
        of(Draws.splitOf(line)).add(line);
      }
    }
    if (of(Split.TRAIN).isEmpty() || of(Split.HELD_OUT).isEmpty()) {
      throw new EnvironmentException(
          "environment.agent.tasks %s: %d tasks to train on and %d held out, expected some of both; one in eight is held out, by a hash of its line: add tasks"
              .formatted(file, of(Split.TRAIN).size(), of(Split.HELD_OUT).size()));
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new EnvironmentException(
          "environment.agent.tasks %s: cannot be read as lines of UTF-8: %s".formatted(file, e), e);
    }
  }

  private static void requireJson(Path file, int number, String line) {
    try {
      var _ = JSON.readTree(line);
    } catch (JacksonException e) {
      throw new EnvironmentException(
          "environment.agent.tasks %s, line %d: expected a JSON value: %s"
              .formatted(file, number, e.getOriginalMessage()),
          e);
    }
  }

  private List<String> of(Split split) {
    return tasks.getOrDefault(split, List.of());
  }

  /** Task number {@code index} of a set. */
  String task(Split split, long index) {
    List<String> all = of(split);
    long pass = index / all.size();
    int[] order = new int[all.size()];
    SplittableRandom random = new SplittableRandom(seed + pass * PASS_STRIDE);
    for (int i = 0; i < order.length; i++) {
      int at = random.nextInt(i + 1);
      order[i] = order[at];
      order[at] = i;
    }
    return all.get(order[Math.toIntExact(index % all.size())]);
  }
}
