package dev.freshet.fleet;

import dev.freshet.client.AdminResult;
import dev.freshet.trace.AdminTimings;
import java.net.URI;

/** How the weight update of one server ended. */
public sealed interface ServerUpdate {
  /** The root of the server's admin listener. */
  URI server();

  /** The server carried the request out. */
  record Acknowledged(URI server, AdminResult result) implements ServerUpdate {
    /** Where the time of the update went. */
    public AdminTimings timings() {
      return result.timings();
    }
  }

  /** The server answered 4xx: it does not take these weights, and its old ones still serve. */
  record Refused(URI server, String why) implements ServerUpdate {}

  /** The server did not acknowledge within the deadline; which weights it serves is unknown. */
  record Failed(URI server, String why) implements ServerUpdate {}
}
