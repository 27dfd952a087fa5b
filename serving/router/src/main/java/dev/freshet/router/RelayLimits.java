package dev.freshet.router;

import java.time.Duration;

/**
 * The limits of relayed requests.
 *
 * @param connect for a connection to a replica
 * @param firstByte from the request to the first byte of its answer
 * @param idle between two bytes of an answer, while the client reads them
 * @param queue how long a request may wait for a replica that may take it
 * @param maxQueued how many requests may wait, over all event loops
 * @param keep how long an unused connection to a replica is kept; shorter than the replicas keep it
 * @param maxRetriedBody the largest body of a request that is sent a second time
 * @param maxHeldBytes the most bytes of the bodies of requests that were not answered yet
 */
record RelayLimits(
    Duration connect,
    Duration firstByte,
    Duration idle,
    Duration queue,
    int maxQueued,
    Duration keep,
    int maxRetriedBody,
    long maxHeldBytes) {}
