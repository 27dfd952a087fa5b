package dev.freshet.orchestrator;

import dev.freshet.fleet.ReplicaStatus;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The states of the servers as a JSON array, for the dashboard. */
final class ReplicaStatesJson {
  private ReplicaStatesJson() {}

  static String of(List<ReplicaStatus> replicas) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (ReplicaStatus replica : replicas) {
      ObjectNode node = list.addObject();
      node.put("server", replica.server());
      node.put("kind", replica.dialect());
      node.put("state", replica.state().wireName());
      node.put("version", replica.version());
      node.put("incarnation", replica.incarnation());
      node.put("streams", replica.rollouts());
      node.put("paused", replica.paused());
      String why =
          Stream.of(replica.contested(), replica.why())
              .flatMap(Optional::stream)
              .collect(Collectors.joining("; "));
      if (!why.isEmpty()) {
        node.put("why", why);
      }
    }
    return list.toString();
  }
}
