package dev.freshet.fleet;

import java.util.Optional;

/**
 * How an inference server of the fleet is.
 *
 * @param server the root of its admin listener
 * @param version the newest policy version it has acknowledged
 * @param rollouts that it has now
 * @param quarantined why it gets no rollouts any more; empty while it may
 */
public record ReplicaStatus(
    String server, long version, int rollouts, Optional<String> quarantined) {}
