package dev.freshet.orchestrator;

import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.time.RoleTime;
import dev.freshet.trace.time.StepTimes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The time of the orchestrator and of each of its servers, cut into steps: a step ends when its
 * batch is handed over. The orchestrator's work is concurrent. While a completion runs it
 * generates, whatever else it does; what it waits for counts only while none runs. Used by one
 * thread.
 */
final class RoleTimes {
  /** What a rollout can be at. */
  private static final List<RoleState> OF_ROLLOUTS =
      List.of(RoleState.GENERATING, RoleState.ENVIRONMENT, RoleState.PLACE);

  private final StepTimes orchestrator;
  private final Map<String, StepTimes> servers = new LinkedHashMap<>();

  /** The first step begins now. */
  RoleTimes(RoleClock clock, Fleet fleet, EventLog events) {
    this.orchestrator = new StepTimes("orchestrator", clock, events);
    fleet
        .times()
        .forEach(
            (url, time) ->
                servers.put(
                    ServerAddress.replica(url), StepTimes.ofServer(url.toString(), time, events)));
  }

  /** The account of an orchestrator's time, the highest rank first. */
  static RoleClock clock(MonotonicClock clock) {
    return new RoleClock(
        clock,
        List.of(
            RoleState.EVALUATING,
            RoleState.GENERATING,
            RoleState.ENVIRONMENT,
            RoleState.UPDATING,
            RoleState.PLACE,
            RoleState.BATCH,
            RoleState.HELD),
        RoleState.OTHER);
  }

  /** A step ends now; returns the fields of its metrics line. */
  Map<String, Object> end(long step) {
    Map<String, Object> fields = new LinkedHashMap<>();
    RoleTime time = orchestrator.end(step);
    fields.put("role_time", time.fields());
    Map<String, Object> rollouts = new LinkedHashMap<>();
    OF_ROLLOUTS.forEach(state -> rollouts.put(state.wireName(), time.meanOpen(state)));
    fields.put("rollouts_in", rollouts);
    Map<String, Object> ofServers = new LinkedHashMap<>();
    servers.forEach((server, steps) -> ofServers.put(server, steps.end(step).fields()));
    fields.put("servers", ofServers);
    return fields;
  }

  /** The run ends. */
  void endRun() {
    orchestrator.endRun();
    servers.values().forEach(StepTimes::endRun);
  }
}
