package dev.freshet.fleet;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.TensorView;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A checkpoint that was inspected on this host before a server is asked to load it. A program that
 * loads while it is paused is left without weights if the load fails, and may accept a checkpoint
 * with a missing tensor or a NaN, so all that can be known before the pause is checked: the
 * directory is complete, its tensors are those of the served model, and its numbers are finite.
 *
 * @param dir the checkpoint
 * @param tensors how many it has
 * @param bytes their size
 * @param contentRead whether every number was read and found finite
 * @param served the directory of the served model, if its tensors were compared
 * @param ms how long the inspection took
 */
public record CheckpointInspection(
    Path dir, int tensors, long bytes, boolean contentRead, Optional<Path> served, double ms) {
  private static final String HEAD = "lm_head.weight";
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final int NAMED = 3;

  /**
   * Inspects a checkpoint.
   *
   * @param served the directory of the served model on this host, if it is known
   * @throws FleetException naming the file or tensor, what was found and what was expected
   */
  static CheckpointInspection of(Path dir, Optional<Path> served, VerifyLevel verify) {
    long start = System.nanoTime();
    boolean full = verify == VerifyLevel.FULL;
    try (Checkpoint checkpoint = CheckpointStore.open(dir)) {
      served.ifPresent(model -> compare(checkpoint, model));
      if (full) {
        checkpoint.verifyContents();
      }
      double ms = (System.nanoTime() - start) / 1e6;
      return new CheckpointInspection(
          dir, checkpoint.tensors().size(), checkpoint.bytes(), full, served, ms);
    } catch (CheckpointException e) {
      throw new FleetException(
          "checkpoint rejected before any server was paused: " + e.getMessage(), e);
    }
  }

  private static void compare(Checkpoint checkpoint, Path model) {
    try (Checkpoint base = Checkpoint.open(model)) {
      List<String> differences = differences(checkpoint, base);
      if (!differences.isEmpty()) {
        throw new CheckpointException(
            "%s differs from the served model %s: %s"
                .formatted(checkpoint.dir(), model, shortened(differences)));
      }
    }
  }

  /** In which tensors a checkpoint differs from the served model, a phrase each. */
  private static List<String> differences(Checkpoint checkpoint, Checkpoint model) {
    Map<String, TensorView> found = checkpoint.tensors();
    Map<String, TensorView> served = model.tensors();
    List<String> differences = new ArrayList<>();
    served.forEach(
        (name, tensor) -> {
          TensorView other = found.get(name);
          if (other == null) {
            if (!(name.equals(HEAD) && headIsEmbedding(model))) {
              differences.add("tensor %s is missing".formatted(Quoted.of(name)));
            }
          } else if (!Arrays.equals(other.shape(), tensor.shape())) {
            differences.add(
                "tensor %s has shape %s, expected %s"
                    .formatted(
                        Quoted.of(name),
                        Arrays.toString(other.shape()),
                        Arrays.toString(tensor.shape())));
          }
        });
    for (String name : found.keySet()) {
      if (!served.containsKey(name) && !(name.equals(HEAD) && headIsEmbedding(checkpoint))) {
        differences.add("tensor %s is not in the served model".formatted(Quoted.of(name)));
      }
    }
    return differences;
  }

  /** Whether the output layer is a copy of the embedding, as in a model that ties them. */
  private static boolean headIsEmbedding(Checkpoint checkpoint) {
    TensorView head = checkpoint.tensors().get(HEAD);
    TensorView embedding = checkpoint.tensors().get(EMBEDDING);
    return head != null && embedding != null && checkpoint.sameContents(head, embedding);
  }

  private static String shortened(List<String> differences) {
    String named = differences.stream().limit(NAMED).collect(Collectors.joining("; "));
    int more = differences.size() - NAMED;
    return more > 0 ? "%s; and %d more".formatted(named, more) : named;
  }

  /** One line for an operator. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: %d tensors, %.1f MB, %s, %s; inspected in %.0f ms",
        dir,
        tensors,
        bytes / 1e6,
        contentRead ? "all numbers finite" : "content not read",
        served
            .map(model -> "same names and shapes as " + model)
            .orElse("not compared with the served model"),
        ms);
  }
}
