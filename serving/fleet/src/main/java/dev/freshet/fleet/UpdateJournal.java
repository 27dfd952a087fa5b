package dev.freshet.fleet;

import dev.freshet.trace.TraceId;

/**
 * The durable record of which server was asked to serve which version. An entry is on disk when the
 * call returns, so a version is recorded before a server can generate a token of it.
 */
public interface UpdateJournal {
  /** A run begins, and all servers serve {@code version}. */
  void begin(long version);

  /** A server is about to receive a request for {@code version}. */
  void sent(long version, String server, TraceId trace);

  /** A server did not acknowledge {@code version}. */
  void failed(long version, String server, TraceId trace);

  /** Every server in rotation serves {@code version}. */
  void served(long version);
}
