package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.msgpack.core.MessageUnpacker;

/**
 * One agent's conversation in an episode of verifiers, as it grows: a tree of messages, each with
 * the tokens that it adds to those of its parent. A path from a root to a leaf is a branch. The
 * reward is the weighted sum of the named rewards; what was not scored counts 0.
 *
 * <p>The program does not report which policy version sampled a token. A turn gets the version that
 * was served when the frame before it arrived, which tells that its request began: a token is never
 * marked as newer than it is.
 */
final class VerifiersTrace {
  private static final int NONE = -1;
  private static final Set<String> REASONS = Set.of("stop", "length");

  private final String server;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<Integer, String> finishReasons = new HashMap<>();
  private final List<VerifiersError> errors = new ArrayList<>();
  private final Map<String, Double> rewards = new HashMap<>();
  private final Map<String, Double> metrics = new HashMap<>();
  private double reward;
  private String agent = "";
  private boolean trainable = true;
  private long version;

  /** A message: the tokens that it adds; the last {@code logprobs.length} of them were sampled. */
  private record Node(
      int number,
      int parent,
      boolean sampled,
      int[] tokenIds,
      boolean[] mask,
      float[] logprobs,
      long version) {}

  /**
   * @param server names the server in messages
   * @param firstVersion the policy version when the run was sent
   */
  VerifiersTrace(String server, long firstVersion) {
    this.server = server;
    this.version = firstVersion;
  }

  /** The number of messages. */
  int nodes() {
    return nodes.size();
  }

  /** The name of the agent. */
  String agent() {
    return agent;
  }

  /** Whether its turns train the policy. */
  boolean trainable() {
    return trainable;
  }

  List<VerifiersError> errors() {
    return errors;
  }

  /** A delta was read that arrived when {@code served} was the policy version. */
  void arrived(long served) {
    version = Math.max(version, served);
  }

  /** Reads a field of a delta. */
  void read(String field, MessageUnpacker in) throws IOException {
    switch (field) {
      case "nodes" -> MessageFields.readList(in, () -> nodes.add(node(in)));
      case "calls" -> MessageFields.readList(in, () -> call(in));
      case "errors" -> MessageFields.readList(in, () -> errors.add(VerifiersError.read(in)));
      case "set" -> MessageFields.read(in, name -> set(name, in));
      default -> in.skipValue();
    }
  }

  private Node node(MessageUnpacker in) throws IOException {
    int[] parent = {NONE};
    boolean[] sampled = {false};
    NodeTokens tokens = new NodeTokens();
    MessageFields.read(
        in,
        field -> {
          switch (field) {
            case "parent" -> parent[0] = in.tryUnpackNil() ? NONE : in.unpackInt();
            case "sampled" -> sampled[0] = in.unpackBoolean();
            default -> tokens.read(field, in);
          }
        });
    int number = nodes.size();
    if (parent[0] < NONE || parent[0] >= number) {
      throw malformed("message %d has the parent %d".formatted(number, parent[0]));
    }
    if (tokens.mask.length != tokens.ids.length
        || tokens.sampledCount() != tokens.logprobs.length) {
      throw malformed(
          "message %d has %d tokens, a mask of %d with %d sampled ones, and %d logprobs"
              .formatted(
                  number,
                  tokens.ids.length,
                  tokens.mask.length,
                  tokens.sampledCount(),
                  tokens.logprobs.length));
    }
    return new Node(
        number, parent[0], sampled[0], tokens.ids, tokens.mask, tokens.logprobs, version);
  }

  private UnusableStepException malformed(String what) {
    return new UnusableStepException(
        Kind.FORMAT,
        "%s: %s, expected a tree of messages with a logprob for each sampled token"
            .formatted(server, what));
  }

  private void call(MessageUnpacker in) throws IOException {
    int[] node = {NONE};
    String[] reason = {""};
    MessageFields.read(
        in,
        field -> {
          switch (field) {
            case "node" -> node[0] = in.tryUnpackNil() ? NONE : in.unpackInt();
            case "finish_reason" -> reason[0] = MessageFields.text(in).orElse("");
            default -> in.skipValue();
          }
        });
    finishReasons.put(node[0], reason[0]);
  }

  private void set(String field, MessageUnpacker in) throws IOException {
    switch (field) {
      case "rewards" -> {
        rewards.clear();
        reward = 0;
        MessageFields.read(in, name -> reward(name, in));
      }
      case "metrics" -> {
        metrics.clear();
        MessageFields.read(
            in,
            name -> {
              if (!in.tryUnpackNil()) {
                metrics.put(name, required("metric " + name, MessageFields.number(in)));
              }
            });
      }
      case "agent" ->
          MessageFields.read(
              in,
              name -> {
                switch (name) {
                  case "name" -> agent = MessageFields.text(in).orElse("");
                  case "trainable" -> trainable = in.unpackBoolean();
                  default -> in.skipValue();
                }
              });
      default -> in.skipValue();
    }
  }

  private void reward(String name, MessageUnpacker in) throws IOException {
    if (in.tryUnpackNil()) {
      return; // It was not scored.
    }
    double[] parts = {0, 1};
    MessageFields.read(
        in,
        field -> {
          switch (field) {
            case "score" -> parts[0] = required("reward " + name, MessageFields.number(in));
            case "weight" ->
                parts[1] = required("weight of reward " + name, MessageFields.number(in));
            default -> in.skipValue();
          }
        });
    rewards.put(name, parts[0]);
    reward += parts[0] * parts[1];
  }

  private double required(String what, Optional<Double> value) {
    return value.orElseThrow(
        () ->
            new UnusableStepException(Kind.REWARD, "%s: %s is no number".formatted(server, what)));
  }

  /** The weighted sum of the named rewards. */
  double reward() {
    return reward;
  }

  /** The named rewards and the metrics. */
  Map<String, Double> figures() {
    Map<String, Double> figures = new HashMap<>(rewards);
    figures.putAll(metrics);
    return figures;
  }

  /** The tokens of each branch. */
  List<PlayedBranch> branches() {
    Set<Integer> parents = new HashSet<>();
    nodes.forEach(node -> parents.add(node.parent()));
    Set<Integer> earlier = new HashSet<>();
    List<PlayedBranch> branches = new ArrayList<>();
    for (Node node : nodes) {
      if (!parents.contains(node.number())) {
        branches.add(branch(path(node), earlier));
      }
    }
    return branches;
  }

  /** The messages from the root to {@code leaf}. */
  private List<Node> path(Node leaf) {
    List<Node> path = new ArrayList<>(List.of(leaf));
    while (path.getLast().parent() != NONE) {
      path.add(nodes.get(path.getLast().parent()));
    }
    return path.reversed();
  }

  /**
   * A branch, in which the turns of earlier branches are read and not sampled.
   *
   * @param earlier the numbers of their messages, to which those of this one are added
   */
  private PlayedBranch branch(List<Node> path, Set<Integer> earlier) {
    int length = path.stream().mapToInt(node -> node.tokenIds().length).sum();
    int[] tokenIds = new int[length];
    boolean[] sampled = new boolean[length];
    float[] logprobs = new float[length];
    int[] versions = new int[length];
    Arrays.fill(versions, NONE);
    String finishReason = "stop";
    int turns = 0;
    int at = 0;
    for (Node node : path) {
      boolean first = earlier.add(node.number());
      int next = 0;
      for (int i = 0; i < node.tokenIds().length; i++, at++) {
        tokenIds[at] = node.tokenIds()[i];
        sampled[at] = first && node.mask()[i];
        if (sampled[at]) {
          logprobs[at] = node.logprobs()[next++];
          versions[at] = Math.toIntExact(node.version());
        }
      }
      if (node.sampled()) {
        turns += first ? 1 : 0;
        finishReason = finishReasons.getOrDefault(node.number(), "stop");
      }
    }
    // A turn that calls tools has stopped by itself.
    return new PlayedBranch(
        tokenIds,
        sampled,
        logprobs,
        versions,
        true,
        REASONS.contains(finishReason) ? finishReason : "stop",
        turns);
  }
}
