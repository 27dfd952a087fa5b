package dev.freshet.analysis.timeline;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The processes of the trace: orchestrator, trainer and every server, created on first use. */
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

  /** The number of servers. */
  int servers() {
    return servers - TRAINER;
  }

  /**
   * The name of a server: the root of its URL, or the name of its log if no client's log has the
   * URL.
   */
  static String serverName(String url, String log) {
    try {
      URI uri = new URI(url);
      if (uri.getScheme() != null && uri.getRawAuthority() != null) {
        return uri.getScheme() + "://" + uri.getRawAuthority();
      }
    } catch (URISyntaxException e) {
      return log.isEmpty() ? url : log; // The log may be malformed.
    }
    return log.isEmpty() ? url : log;
  }
}
