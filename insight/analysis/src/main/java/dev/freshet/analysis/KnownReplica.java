package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import java.util.HashMap;
import java.util.Map;

/** How its lines so far have left a server of a fleet. */
final class KnownReplica {
  private static final String SERVING = "serving";

  /** States beyond these are not of the format. */
  private static final int MOST_STATES = 16;

  private final Map<String, Integer> setAside = new HashMap<>();
  private Seen.Place place;
  private String kind = "";
  private String state = "";
  private double version = Double.NaN;
  private double incarnation = Double.NaN;
  private boolean paused;
  private int missed;
  private double behind;

  KnownReplica(Seen.Place place) {
    this.place = place;
  }

  int source() {
    return place.source();
  }

  void kind(String program) {
    kind = program.isEmpty() ? kind : program;
  }

  void changed(Event.ReplicaState event, Seen.Place at) {
    place = at;
    state = event.state();
    version = event.version();
    incarnation = event.incarnation();
    paused = event.paused();
    if (!state.equals(SERVING) && (setAside.size() < MOST_STATES || setAside.containsKey(state))) {
      setAside.merge(state, 1, Integer::sum);
    }
  }

  /** An update to {@code target} was committed; whether the server takes part in it. */
  void committed(double target, boolean moved) {
    if (moved) {
      version = target;
    } else {
      missed++;
      behind = version >= 0 ? Math.max(behind, target - version) : behind;
    }
  }

  /** What is known of it; without a line about its state it is taken to serve. */
  FleetHistory.Replica history(String server, SourceTimes times, String where) {
    return new FleetHistory.Replica(
        server,
        kind,
        state.isEmpty() ? SERVING : state,
        times.millis(place),
        where,
        version,
        incarnation,
        paused,
        missed,
        behind,
        setAside);
  }

  Seen.Place place() {
    return place;
  }
}
