package dev.freshet.environments;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The problems of an environment of another program: the lines of a file, each one JSON object. A
 * hash of a line decides its set, as for drawn problems. The problems of a set come in epochs: each
 * epoch has every line of the set once, in an order of its own that follows from the seed.
 */
final class TaskFile {
  private final List<String> train = new ArrayList<>();
  private final List<String> heldOut = new ArrayList<>();
  private final long seed;

  /**
   * @param key the configuration key that names the file, for messages
   * @throws EnvironmentException if the file cannot be read, or one of the sets is empty
   */
  TaskFile(String key, String file, long seed) {
    this.seed = seed;
    if (file.isEmpty()) {
      throw new EnvironmentException(
          key + ": expected a file with a task in each line, got none; set it");
    }
    try {
      for (String line : Files.readAllLines(Path.of(file))) {
        if (!line.isBlank()) {
          (Draws.splitOf(line) == Split.HELD_OUT ? heldOut : train).add(line);
        }
      }
    } catch (MalformedInputException e) {
      throw new EnvironmentException("%s: %s is not UTF-8".formatted(key, file), e);
    } catch (IOException e) {
      throw new EnvironmentException("%s: %s cannot be read: %s".formatted(key, file, e), e);
    }
    if (train.isEmpty() || heldOut.isEmpty()) {
      throw new EnvironmentException(
          "%s: %s has %d tasks to train on and %d that are held out, expected one of each at least: add tasks"
              .formatted(key, file, train.size(), heldOut.size()));
    }
  }

  /** Problem number {@code index} of a set; its text is a line of the file. */
  Problem problem(Split split, long index) {
    List<String> lines = split == Split.TRAIN ? train : heldOut;
    int[] order = order(lines.size(), index / lines.size());
    return new Problem(split, index, lines.get(order[Math.toIntExact(index % lines.size())]));
  }

  /** A permutation of the numbers below {@code size}. */
  private int[] order(int size, long epoch) {
    SplittableRandom random = new SplittableRandom(seed * 31 + epoch);
    int[] order = new int[size];
    for (int i = 1; i < size; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }
}
