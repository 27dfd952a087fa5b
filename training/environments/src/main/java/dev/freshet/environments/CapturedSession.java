package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What a server recorded of a session, as {@code docs/sessions.md} describes it. A turn that
 * several branches have in common is sampled in the first of them and context in the others.
 *
 * @param reward that with which the session ended
 * @param brokenPrefixes turns that continue an earlier one without all of its tokens
 */
record CapturedSession(List<PlayedBranch> branches, OptionalDouble reward, int brokenPrefixes) {
  /**
   * Reads a capture.
   *
   * @throws UnusableStepException if a field is missing or of a wrong type
   */
  static CapturedSession of(JsonNode capture) {
    Set<Integer> seen = new HashSet<>();
    List<PlayedBranch> branches = new ArrayList<>();
    for (JsonNode branch : list(capture, "captured_branches")) {
      branches.add(branch(branch, seen));
    }
    JsonNode reward = capture.path("reward");
    return new CapturedSession(
        List.copyOf(branches),
        reward.isNumber() ? OptionalDouble.of(reward.asDouble()) : OptionalDouble.empty(),
        integer(capture, "broken_prefixes"));
  }

  private static PlayedBranch branch(JsonNode branch, Set<Integer> seen) {
    int[] ids = integers(branch, "token_ids");
    int[] mask = integers(branch, "mask");
    int[] versions = integers(branch, "versions");
    JsonNode given = list(branch, "logprobs");
    if (mask.length != ids.length || versions.length != ids.length || given.size() != ids.length) {
      throw malformed(
          "token_ids, mask, versions and logprobs with %d, %d, %d and %d entries, expected equally many"
              .formatted(ids.length, mask.length, versions.length, given.size()));
    }
    boolean[] sampled = new boolean[ids.length];
    float[] logprobs = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      sampled[i] = mask[i] == 1;
      logprobs[i] = (float) given.get(i).asDouble(Double.NaN);
    }
    int own = 0;
    String finishReason = "stop";
    for (JsonNode turn : list(branch, "turns")) {
      finishReason = turn.path("finish_reason").asString("stop");
      if (seen.add(integer(turn, "turn"))) {
        own++;
      } else {
        int from = integer(turn, "prompt_tokens");
        for (int i = from; i < from + integer(turn, "completion_tokens"); i++) {
          sampled[i] = false;
          logprobs[i] = 0;
          versions[i] = -1;
        }
      }
    }
    return new PlayedBranch(
        ids,
        sampled,
        logprobs,
        versions,
        false,
        finishReason.equals("length") ? "length" : "stop",
        own);
  }

  private static int[] integers(JsonNode node, String field) {
    JsonNode list = list(node, field);
    int[] values = new int[list.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = list.get(i);
      if (!value.isInt()) {
        throw malformed("%s has %s, expected integers".formatted(field, value));
      }
      values[i] = value.asInt();
    }
    return values;
  }

  private static JsonNode list(JsonNode node, String field) {
    JsonNode list = node.path(field);
    if (!list.isArray()) {
      throw malformed("%s: expected a list".formatted(field));
    }
    return list;
  }

  private static int integer(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isInt()) {
      throw malformed("%s: expected an integer".formatted(field));
    }
    return value.asInt();
  }

  private static UnusableStepException malformed(String what) {
    return new UnusableStepException(Kind.FORMAT, "the capture of a session: " + what);
  }
}
