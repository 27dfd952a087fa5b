package dev.freshet.dashboard;

import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.UpdatePart;
import dev.freshet.trace.time.RoleState;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The dashboard's page: one file with its script, its style and the lists of {@link UpdatePart} and
 * {@link FleetPhase}.
 */
final class DashboardPage {
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";
  private static final ObjectMapper JSON = new ObjectMapper();

  private DashboardPage() {}

  /** The page, as UTF-8. */
  static byte[] html() {
    return resource("page.html")
        .replace("/*uplot.css*/", resource(UPLOT + "uPlot.min.css"))
        .replace("/*page.css*/", resource("page.css"))
        .replace("/*uplot.js*/", resource(UPLOT + "uPlot.iife.min.js"))
        .replace(
            "/*page.js*/",
            resource("page.js")
                .replace("/*parts*/", parts())
                .replace("/*phases*/", phases())
                .replace("/*states*/", states()))
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Every part of an update, as elements of a JSON array. */
  private static String parts() {
    ArrayNode parts = JSON.createArrayNode();
    for (UpdatePart part : UpdatePart.values()) {
      ObjectNode node = parts.addObject();
      node.put("name", part.wireName());
      node.put("label", part.label());
      part.parent().ifPresent(parent -> node.put("parent", parent.wireName()));
      node.put("phase", part.isPhase());
      node.put("description", part.description());
    }
    String array = parts.toString();
    return array.substring(1, array.length() - 1);
  }

  /** Every phase of a fleet's update, as elements of a JSON array. */
  private static String phases() {
    ArrayNode phases = JSON.createArrayNode();
    for (FleetPhase phase : FleetPhase.values()) {
      phases
          .addObject()
          .put("name", phase.field())
          .put("label", phase.wireName())
          .put("description", phase.description());
    }
    String array = phases.toString();
    return array.substring(1, array.length() - 1);
  }

  /** Every state of a role, as elements of a JSON array. */
  private static String states() {
    ArrayNode states = JSON.createArrayNode();
    for (RoleState state : RoleState.values()) {
      states
          .addObject()
          .put("name", state.field())
          .put("label", state.wireName())
          .put("description", state.waitedFor());
    }
    String array = states.toString();
    return array.substring(1, array.length() - 1);
  }

  private static String resource(String name) {
    try (InputStream in = DashboardPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + ": not found on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
