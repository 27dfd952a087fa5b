package dev.freshet.dashboard;

import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.text.StreamDecoder;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.LiveFeed;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A few rollouts of the newest batch to read: up to two that several policy versions generated, the
 * one with the highest reward, the median and the lowest.
 */
final class RolloutSamples implements Source {
  private static final int MAX_ROLLOUTS = 6;
  private static final int MAX_TOKENS = 400;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final BatchStore batches;
  private final Tokenizer tokenizer;
  private final LongSupplier newestStep;
  private long published = -1;

  /**
   * @param newestStep the newest batch's step; negative before the first
   */
  RolloutSamples(RunFiles files, LongSupplier newestStep) {
    this.batches = files.batches();
    this.tokenizer = files.tokenizer();
    this.newestStep = newestStep;
  }

  @Override
  public void publish(LiveFeed feed) {
    long step = newestStep.getAsLong();
    if (step < 0 || step == published) {
      return;
    }
    // A batch that has been deleted is skipped: the next one is as good.
    if (Files.exists(batches.path(step))) {
      List<Rollout> rollouts = batches.read(step).rollouts();
      if (!rollouts.isEmpty()) {
        feed.state("rollouts", json(step, rollouts));
      }
    }
    published = step;
  }

  private String json(long step, List<Rollout> batch) {
    List<Rollout> rollouts = new ArrayList<>(batch);
    rollouts.sort(Comparator.comparingDouble(Rollout::reward).reversed());
    Set<Rollout> chosen = new LinkedHashSet<>();
    rollouts.stream().filter(RolloutSamples::hasSeveralVersions).limit(2).forEach(chosen::add);
    chosen.add(rollouts.getFirst());
    chosen.add(rollouts.get(rollouts.size() / 2));
    chosen.add(rollouts.getLast());
    chosen.addAll(rollouts);
    ArrayNode list = JSON.createArrayNode();
    chosen.stream().limit(MAX_ROLLOUTS).forEach(rollout -> put(list.addObject(), step, rollout));
    return list.toString();
  }

  private static boolean hasSeveralVersions(Rollout rollout) {
    int[] versions = rollout.trajectory().policyVersions();
    long distinct =
        Arrays.stream(versions).filter(v -> v != Trajectory.NO_VERSION).distinct().count();
    return distinct > 1;
  }

  private void put(ObjectNode node, long step, Rollout rollout) {
    node.put("id", rollout.id());
    node.put("step", step);
    node.put("reward", rollout.reward());
    node.put("finish", rollout.finishReason());
    Trajectory trajectory = rollout.trajectory();
    int shown = Math.min(MAX_TOKENS, trajectory.tokenIds().length);
    StreamDecoder decoder = new StreamDecoder(tokenizer, false);
    ArrayNode tokens = node.putArray("tokens");
    for (int i = 0; i < shown; i++) {
      ObjectNode token = tokens.addObject();
      token.put(
          "text", decoder.push(trajectory.tokenIds()[i]) + (i + 1 == shown ? decoder.flush() : ""));
      token.put("version", trajectory.policyVersions()[i]);
    }
    node.put("left_out", trajectory.tokenIds().length - shown);
  }
}
