package dev.freshet.analysis.timeline;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The processes of the trace: orchestrator, trainer and every server, each once it is asked for.
 */
final class RoleProcesses {
  private static final int ORCHESTRATOR = 1;
  private static final int TRAINER = 2;

  private final TraceWriter out;
  private final Map<String, RoleTracks> roles = new HashMap<>();
  private int servers = TRAINER;
  private int tids = 1000;

  RoleProcesses(TraceWriter out) {
    this.out = out;
  }

  RoleTracks orchestrator() {
    return role("orchestrator", () -> ORCHESTRATOR);
  }

  RoleTracks trainer() {
    return role("trainer", () -> TRAINER);
  }

  RoleTracks server(String name) {
    return role("inference " + name, () -> ++servers);
  }

  private RoleTracks role(String name, Supplier<Integer> pid) {
    return roles.computeIfAbsent(name, _ -> new RoleTracks(out, pid.get(), name, () -> ++tids));
  }

  /** How many servers there are. */
  int servers() {
    return servers - TRAINER;
  }

  /**
   * What a server is called: the root of its URL, or, where no client's log has that, the log that
   * is its own.
   */
  static String serverName(String url, String log) {
    try {
      URI uri = new URI(url);
      if (uri.getScheme() != null && uri.getRawAuthority() != null) {
        return uri.getScheme() + "://" + uri.getRawAuthority();
      }
    } catch (URISyntaxException e) {
      return log.isEmpty() ? url : log; // A log may have anything.
    }
    return log.isEmpty() ? url : log;
  }
}
