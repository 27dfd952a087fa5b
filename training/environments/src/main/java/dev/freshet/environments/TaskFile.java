package dev.freshet.environments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The problems of an environment of another program: the lines of a file, a JSON value in each;
 * blank lines are skipped. A hash of a line decides its set, as for drawn problems. The problems of
 * a set come in epochs: each epoch has every line of the set once, in an order of its own that
 * follows from the seed. Immutable.
 */
final class TaskFile {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** Seeds of epochs are far apart in the generator's sequence of seeds. */
  private static final long EPOCH_STRIDE = 0x9E3779B97F4A7C15L;

  private final List<String> train = new ArrayList<>();
  private final List<String> heldOut = new ArrayList<>();
  private final long seed;

  /**
   * @param key the configuration key that names the file, for messages
   * @param file its path; empty if the key is not set
   * @throws EnvironmentException if the file cannot be read, a line is not JSON, or one of the sets
   *     is empty
   */
  TaskFile(String key, String file, long seed) {
    this.seed = seed;
    if (file.isEmpty()) {
      throw new EnvironmentException(
          key + ": expected a file with a task in each line, got none; set it");
    }
    List<String> lines = lines(key, file);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (!line.isEmpty()) {
        requireJson(key, file, i + 1, line);
        (Draws.splitOf(line) == Split.HELD_OUT ? heldOut : train).add(line);
      }
    }
    if (train.isEmpty() || heldOut.isEmpty()) {
      throw new EnvironmentException(
          "%s: %s has %d tasks to train on and %d held out, expected some of both; one in eight is held out, by a hash of its line: add tasks"
              .formatted(key, file, train.size(), heldOut.size()));
    }
  }

  private static List<String> lines(String key, String file) {
    try {
      return Files.readAllLines(Path.of(file));
    } catch (IOException e) {
      throw new EnvironmentException(
          "%s: %s cannot be read as lines of UTF-8: %s".formatted(key, file, e), e);
    }
  }

  private static void requireJson(String key, String file, int number, String line) {
    try {
      var _ = JSON.readTree(line);
    } catch (JacksonException e) {
      throw new EnvironmentException(
          "%s: %s, line %d: expected a JSON value: %s"
              .formatted(key, file, number, e.getOriginalMessage()),
          e);
    }
  }

  /** Problem number {@code index} of a set; its text is a line of the file. */
  Problem problem(Split split, long index) {
    List<String> lines = split == Split.HELD_OUT ? heldOut : train;
    int[] order = order(lines.size(), index / lines.size());
    return new Problem(split, index, lines.get(order[Math.toIntExact(index % lines.size())]));
  }

  /** A permutation of the numbers below {@code size}. */
  private int[] order(int size, long epoch) {
    SplittableRandom random = new SplittableRandom(seed + epoch * EPOCH_STRIDE);
    int[] order = new int[size];
    for (int i = 1; i < size; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }
}
