package dev.freshet.fleet;

import dev.freshet.trace.TraceId;

/**
 * The durable record of which server was asked to serve which version. An entry is on disk when the
 * call returns, so a version is recorded before a server can generate a token of it.
 */
public interface UpdateJournal {
  /** Of updates that belong to no run. */
  UpdateJournal NONE =
      new UpdateJournal() {
        @Override
        public void begin(long version) {}

        @Override
        public void sent(long version, String server, TraceId trace) {}

        @Override
        public void failed(long version, String server, TraceId trace) {}

        @Override
        public void served(long version) {}
      };

  /** A run begins, and all servers serve {@code version}. */
  void begin(long version);

  /** A server is about to receive a request for {@code version}. */
  void sent(long version, String server, TraceId trace);

  /** A server was left out of the update to {@code version}. */
  void failed(long version, String server, TraceId trace);

  /** The update to {@code version} is committed. */
  void served(long version);
}
