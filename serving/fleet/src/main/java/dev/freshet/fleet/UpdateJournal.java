package dev.freshet.fleet;

import dev.freshet.trace.TraceId;

/**
 * The durable record of which server was asked to serve which version. An entry is on disk when the
 * call returns, so that a version is recorded before the first token of it can exist.
 */
public interface UpdateJournal {
  /** All servers serve {@code version}, with which the run begins. */
  void begin(long version);

  /** A server is about to be asked for {@code version}. */
  void sent(long version, String server, TraceId trace);

  /** A server did not acknowledge {@code version}. */
  void failed(long version, String server, TraceId trace);

  /** Every server in rotation serves {@code version}. */
  void served(long version);
}
