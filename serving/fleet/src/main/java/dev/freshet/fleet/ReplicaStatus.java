package dev.freshet.fleet;

import java.util.Optional;

/**
 * The state of an inference server of the fleet.
 *
 * @param server the root of its admin listener
 * @param version the newest policy version it has acknowledged
 * @param rollouts running on it now
 * @param quarantined why it was removed from rotation; empty while it is in rotation
 */
public record ReplicaStatus(
    String server, long version, int rollouts, Optional<String> quarantined) {}
