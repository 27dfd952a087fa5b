package dev.freshet.analysis.report;

import dev.freshet.analysis.FleetHistory;
import dev.freshet.trace.FleetPhase;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A fleet as JSON, see {@link JsonReport}. */
final class FleetJson {
  private FleetJson() {}

  static void write(ObjectNode root, FleetHistory fleet) {
    ObjectNode node = root.putObject("fleet");
    Map<String, Integer> outcomes = new TreeMap<>();
    fleet.updates().forEach(update -> outcomes.merge(update.outcome(), 1, Integer::sum));
    ObjectNode updates = node.putObject("updates");
    outcomes.forEach(updates::put);
    ArrayNode replicas = node.putArray("replicas");
    FleetFigures.of(fleet).forEach(figures -> replica(replicas.addObject(), figures));
    ArrayNode newest = node.putArray("newest_updates");
    FleetTables.newest(fleet).forEach(update -> update(newest.addObject(), update));
  }

  private static void replica(ObjectNode node, FleetFigures figures) {
    FleetHistory.Replica replica = figures.replica();
    node.put("server", replica.server());
    node.put("kind", replica.kind());
    node.put("state", replica.state());
    node.put("paused", replica.paused());
    JsonReport.put(node, "since_ms", replica.sinceMillis());
    node.put("line", replica.where());
    JsonReport.put(node, "version", replica.version());
    JsonReport.put(node, "incarnation", replica.incarnation());
    node.put("updates", figures.updates());
    node.put("moved", figures.moved());
    node.put("slowest", figures.slowest());
    node.put("missed", replica.missed());
    JsonReport.put(node, "behind", replica.behind());
    ObjectNode setAside = node.putObject("set_aside");
    new TreeMap<>(replica.setAside()).forEach(setAside::put);
    JsonReport.put(node, "queue_ms", figures.queueMs());
    for (FleetPhase phase : FleetPhase.values()) {
      JsonReport.put(node, phase.field(), figures.ms(phase));
    }
    JsonReport.put(node, "wall_ms", figures.wallMs());
  }

  private static void update(ObjectNode node, FleetHistory.Update update) {
    JsonReport.put(node, "version", update.version());
    node.put("outcome", update.outcome());
    JsonReport.put(node, "wall_ms", update.wallMs());
    JsonReport.put(node, "other_ms", update.otherMs());
    node.put("line", update.where());
    update
        .blame()
        .ifPresentOrElse(
            blame -> {
              node.put("slowest", blame.server());
              node.put("slowest_phase", blame.phase().wireName());
              JsonReport.put(node, "slowest_ms", blame.ms());
            },
            () -> node.putNull("slowest"));
    ArrayNode rows = node.putArray("replicas");
    for (FleetHistory.Row row : update.rows()) {
      ObjectNode one = rows.addObject();
      one.put("server", row.server());
      one.put("kind", row.kind());
      one.put("trace", row.trace());
      JsonReport.put(one, "version", row.version());
      one.put("outcome", row.outcome());
      JsonReport.put(one, "queue_ms", row.queueMs());
      for (FleetPhase phase : FleetPhase.values()) {
        JsonReport.put(one, phase.field(), row.ms(phase));
      }
      JsonReport.put(one, "wall_ms", row.wallMs());
    }
  }
}
