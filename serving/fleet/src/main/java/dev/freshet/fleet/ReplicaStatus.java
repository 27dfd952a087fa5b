package dev.freshet.fleet;

import java.util.Map;
import java.util.Optional;

/**
 * The state of an inference server of the fleet.
 *
 * @param server the root of its admin listener
 * @param dialect the name of its program
 * @param version the policy version that it was last known to serve
 * @param incarnation increases each time it is caught up
 * @param rollouts running on it now
 * @param paused whether its generation may be paused
 * @param returns how often a catch-up made it serve, that of the start included
 * @param setAside how often it was set aside in each state
 * @param contested that another program changes its weights too, and what to do
 * @param why why it does not serve, and who must act; empty while it serves or is updated
 */
public record ReplicaStatus(
    String server,
    String dialect,
    ReplicaState state,
    long version,
    long incarnation,
    int rollouts,
    boolean paused,
    long returns,
    Map<ReplicaState, Long> setAside,
    Optional<String> contested,
    Optional<String> why) {
  public ReplicaStatus {
    setAside = Map.copyOf(setAside);
  }
}
