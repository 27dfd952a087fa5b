package dev.freshet.orchestrator;

import dev.freshet.trace.AdminTimings;

/** How the weight update of one server ended. */
public sealed interface ServerUpdate {
  /** Which server. */
  ServerAddress server();

  /** The version it was to serve. */
  long step();

  /** The server serves the version. */
  record Acknowledged(ServerAddress server, long step, AdminTimings timings)
      implements ServerUpdate {}

  /** The server says that it cannot take these weights; its old ones serve on. */
  record Refused(ServerAddress server, long step, String why) implements ServerUpdate {}

  /** The server did not acknowledge within the deadline; which weights it serves is unknown. */
  record Failed(ServerAddress server, long step, String why) implements ServerUpdate {}
}
