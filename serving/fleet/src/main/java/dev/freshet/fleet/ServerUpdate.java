package dev.freshet.fleet;

import dev.freshet.client.AdminResult;
import dev.freshet.trace.AdminTimings;
import java.net.URI;

/** The outcome of one server's weight update. */
public sealed interface ServerUpdate {
  /** The root of the server's admin listener. */
  URI server();

  /** The server carried out the request. */
  record Acknowledged(URI server, AdminResult result) implements ServerUpdate {
    /** The parts of the update's time. */
    public AdminTimings timings() {
      return result.timings();
    }
  }

  /** The server answered 4xx: it rejects these weights and still serves its old ones. */
  record Refused(URI server, String why) implements ServerUpdate {}

  /** The server did not acknowledge in time; which weights it serves is unknown. */
  record Failed(URI server, String why) implements ServerUpdate {}
}
