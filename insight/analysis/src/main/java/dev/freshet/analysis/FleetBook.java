package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The events of the fleets of all logs, in bounded memory: the newest updates, the newest changes
 * of states, and how its last line left each server. The rows of an update are those of its log and
 * version since the last update. Owned by one thread.
 */
final class FleetBook {
  static final int MOST_REPLICAS = 4096;

  /** Of all updates that are kept, and of those of a log whose update has not ended. */
  static final int MOST_ROWS = 1 << 16;

  private static final int MOST_PENDING = MOST_REPLICAS;

  private final Deque<Updated> updates = new ArrayDeque<>();
  private final SequencedMap<String, KnownReplica> replicas = new LinkedHashMap<>();
  private final Map<Integer, Deque<Event.ReplicaDone>> pending = new HashMap<>();
  private final Recent<Changed> changes = new Recent<>();
  private final Recent<Interrupted> interrupted = new Recent<>();
  private int rows;

  /** An update and its rows. */
  record Updated(Seen.Place place, Event.FleetUpdated event, List<Event.ReplicaDone> rows) {}

  /** A replica got another state. */
  record Changed(Seen.Place place, Event.ReplicaState event) {}

  /** An update had been interrupted. */
  record Interrupted(Seen.Place place, Event.UpdateInterrupted event) {}

  Iterable<Updated> updates() {
    return updates;
  }

  SequencedMap<String, KnownReplica> replicas() {
    return replicas;
  }

  Recent<Changed> changes() {
    return changes;
  }

  Recent<Interrupted> interrupted() {
    return interrupted;
  }

  void accept(Event.OfFleet event, Seen.Place place) {
    switch (event) {
      case Event.FleetBegun _ -> {
        replicas.values().removeIf(replica -> replica.source() == place.source());
        pending.remove(place.source());
      }
      case Event.ReplicaState state -> {
        changes.add(new Changed(place, state));
        known(state.server(), place).changed(state, place);
      }
      case Event.ReplicaDone done -> {
        Deque<Event.ReplicaDone> waiting =
            pending.computeIfAbsent(place.source(), _ -> new ArrayDeque<>());
        waiting.addLast(done);
        if (waiting.size() > MOST_PENDING) {
          waiting.removeFirst();
        }
        known(done.server(), place).kind(done.kind());
      }
      case Event.ReplicaLeft left -> replicas.remove(left.server());
      case Event.FleetUpdated updated -> updated(updated, place);
      case Event.UpdateInterrupted update -> interrupted.add(new Interrupted(place, update));
    }
  }

  private KnownReplica known(String server, Seen.Place place) {
    if (replicas.size() == MOST_REPLICAS && !replicas.containsKey(server)) {
      replicas.pollFirstEntry();
    }
    return replicas.computeIfAbsent(server, _ -> new KnownReplica(place));
  }

  private void updated(Event.FleetUpdated event, Seen.Place place) {
    Updated updated = new Updated(place, event, rowsOf(event, place));
    updates.addLast(updated);
    rows += updated.rows().size();
    while (rows > MOST_ROWS || updates.size() > MOST_ROWS) {
      rows -= updates.removeFirst().rows().size();
    }
    if (event.outcome().equals("committed")) {
      Map<String, Event.ReplicaDone> byServer = new HashMap<>();
      updated.rows().forEach(row -> byServer.put(row.server(), row));
      replicas.forEach(
          (server, replica) -> {
            if (replica.source() == place.source()) {
              Event.ReplicaDone row = byServer.get(server);
              replica.committed(event.version(), row != null && row.outcome().equals("moved"));
            }
          });
    }
  }

  private List<Event.ReplicaDone> rowsOf(Event.FleetUpdated event, Seen.Place place) {
    List<Event.ReplicaDone> own = new ArrayList<>();
    Iterator<Event.ReplicaDone> waiting =
        pending.getOrDefault(place.source(), new ArrayDeque<>()).iterator();
    while (waiting.hasNext()) {
      Event.ReplicaDone row = waiting.next();
      if (!(row.target() != event.version() && row.target() >= 0)) {
        own.add(row);
        waiting.remove();
      }
    }
    return own;
  }
}
