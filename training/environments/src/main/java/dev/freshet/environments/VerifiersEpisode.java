package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessagePackException;
import org.msgpack.core.MessageUnpacker;

/**
 * Puts an episode together from what an environment server of verifiers sent: deltas, each of which
 * adds to a trace, and a reply that says how large each trace is. The traces that are marked as
 * trainable are those of the policy, each with a reward of its own; the others are those of judges
 * and simulated users. Of several agents the first by name is the episode's.
 */
final class VerifiersEpisode {
  private final String server;
  private final long firstVersion;
  private final Map<String, VerifiersTrace> traces = new LinkedHashMap<>();
  private final Map<String, Long> finished = new LinkedHashMap<>();
  private final List<VerifiersError> errors = new ArrayList<>();
  private boolean ok;
  private boolean succeeded;
  private Optional<String> error = Optional.empty();

  private VerifiersEpisode(String server, long firstVersion) {
    this.server = server;
    this.firstVersion = firstVersion;
  }

  /**
   * The episode in these frames.
   *
   * @param server names the server in messages
   * @param firstVersion the policy version when the run was sent
   */
  static PlayedEpisode read(
      String server, List<VerifiersRun.Frame> deltas, byte[] reply, long firstVersion) {
    VerifiersEpisode episode = new VerifiersEpisode(server, firstVersion);
    try {
      for (VerifiersRun.Frame delta : deltas) {
        episode.delta(delta);
      }
      try (MessageUnpacker in = MessagePack.newDefaultUnpacker(reply)) {
        MessageFields.read(in, field -> episode.reply(field, in));
      }
    } catch (MessagePackException | IOException e) {
      throw new ForeignEnvironmentException(
          "%s sent what is not an episode of verifiers 0.4: %s".formatted(server, e.getMessage()),
          e);
    }
    return episode.played();
  }

  private void delta(VerifiersRun.Frame frame) throws IOException {
    try (MessageUnpacker in = MessagePack.newDefaultUnpacker(frame.content())) {
      String[] id = {""};
      boolean[] discard = {false};
      MessageFields.read(
          in,
          field -> {
            switch (field) {
              case "trace" -> id[0] = in.unpackString(); // The first field.
              case "discard" -> discard[0] = in.unpackBoolean();
              default -> trace(id[0]).read(field, in);
            }
          });
      if (discard[0]) {
        traces.remove(id[0]);
      } else {
        trace(id[0]).arrived(frame.version());
      }
    }
  }

  private VerifiersTrace trace(String id) {
    return traces.computeIfAbsent(id, _ -> new VerifiersTrace(server, firstVersion));
  }

  private void reply(String field, MessageUnpacker in) throws IOException {
    switch (field) {
      case "success" -> succeeded = in.unpackBoolean();
      case "error" -> error = MessageFields.text(in);
      case "head" -> {
        if (!in.tryUnpackNil()) {
          MessageFields.read(in, name -> head(name, in));
        }
      }
      case "traces" -> MessageFields.readList(in, () -> summary(in));
      default -> in.skipValue();
    }
  }

  private void head(String field, MessageUnpacker in) throws IOException {
    switch (field) {
      case "ok" -> ok = in.unpackBoolean();
      case "errors" -> MessageFields.readList(in, () -> errors.add(VerifiersError.read(in)));
      default -> in.skipValue();
    }
  }

  private void summary(MessageUnpacker in) throws IOException {
    String[] id = {""};
    long[] nodes = {0};
    MessageFields.read(
        in,
        field -> {
          switch (field) {
            case "id" -> id[0] = in.unpackString();
            case "nodes" -> nodes[0] = in.unpackLong();
            default -> in.skipValue();
          }
        });
    finished.put(id[0], nodes[0]);
  }

  private PlayedEpisode played() {
    if (!succeeded) {
      throw new ForeignEnvironmentException(
          "%s did not run the episode: %s".formatted(server, error.orElse("it does not say why")));
    }
    finished.forEach(this::requireWhole);
    if (!ok) {
      throw failure();
    }
    List<VerifiersTrace> trainable =
        finished.keySet().stream()
            .map(this::trace)
            .filter(VerifiersTrace::trainable)
            .sorted(Comparator.comparing(VerifiersTrace::agent))
            .toList();
    if (trainable.isEmpty()) {
      throw new UnusableStepException(
          Kind.FORMAT,
          server
              + ": an episode without an agent whose turns train the policy, expected one or more");
    }
    return played(trainable.getFirst(), trainable.subList(1, trainable.size()));
  }

  /** The figures of another agent are named after it, in the first trace that it has. */
  private static PlayedEpisode played(VerifiersTrace first, List<VerifiersTrace> others) {
    Map<String, Double> figures = new HashMap<>(first.figures());
    List<PlayedAgent> agents = new ArrayList<>();
    for (VerifiersTrace other : others) {
      boolean same = other.agent().equals(first.agent());
      agents.add(new PlayedAgent(same ? "" : other.agent(), other.branches(), other.reward()));
      if (!same) {
        figures.putIfAbsent(other.agent() + ".reward", other.reward());
        other
            .figures()
            .forEach((name, value) -> figures.putIfAbsent(other.agent() + "." + name, value));
      }
    }
    return new PlayedEpisode(first.branches(), first.reward(), figures, agents);
  }

  private void requireWhole(String id, long nodes) {
    int got = traces.containsKey(id) ? trace(id).nodes() : 0;
    if (got != nodes) {
      throw new ForeignEnvironmentException(
          "%s: trace %s has %d messages, of which %d came".formatted(server, id, nodes, got));
    }
  }

  /** Why the episode is not well: the last error, which ended it. */
  private RuntimeException failure() {
    List<VerifiersError> all = new ArrayList<>(errors);
    finished.keySet().forEach(id -> all.addAll(trace(id).errors()));
    if (all.isEmpty()) {
      return new ForeignEnvironmentException(server + ": the episode failed without an error");
    }
    VerifiersError last = all.getLast();
    String message = "%s: %s".formatted(server, last);
    return last.policyFailed()
        ? new PolicyCallException(message)
        : new ForeignEnvironmentException(message);
  }
}
