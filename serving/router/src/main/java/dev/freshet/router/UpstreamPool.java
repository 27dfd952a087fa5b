package dev.freshet.router;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The idle connections of one event loop by replica. The one that was used last is taken first, so
 * that the others can expire. Confined to its event loop.
 */
final class UpstreamPool {
  private final Map<Upstream, Deque<UpstreamConnection>> idle = new HashMap<>();

  /** Takes an open connection to {@code upstream}. */
  Optional<UpstreamConnection> take(Upstream upstream) {
    Deque<UpstreamConnection> connections = idle.get(upstream);
    while (connections != null && !connections.isEmpty()) {
      UpstreamConnection newest = connections.pop();
      if (newest.isOpen()) {
        return Optional.of(newest);
      }
    }
    return Optional.empty();
  }

  void keep(UpstreamConnection connection) {
    idle.computeIfAbsent(connection.upstream(), _ -> new ArrayDeque<>()).push(connection);
  }

  /** A connection was closed. */
  void forget(UpstreamConnection connection) {
    Deque<UpstreamConnection> connections = idle.get(connection.upstream());
    if (connections != null && connections.remove(connection) && connections.isEmpty()) {
      idle.remove(connection.upstream());
    }
  }

  /** Closes connections that have been idle since before {@code tick}. */
  void closeIdleSince(int tick) {
    idle.values().stream()
        .flatMap(Deque::stream)
        .filter(connection -> connection.idleSince() - tick < 0)
        .toList()
        .forEach(UpstreamConnection::close);
  }

  /** Closes all. */
  void close() {
    idle.values().stream().flatMap(Deque::stream).toList().forEach(UpstreamConnection::close);
  }
}
