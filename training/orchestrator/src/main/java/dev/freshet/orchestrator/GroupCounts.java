package dev.freshet.orchestrator;

/**
 * What became of every group dispatched so far; each is counted in exactly one place.
 *
 * @param dispatched all of them
 * @param packed in a batch
 * @param filtered left out for equal rewards
 * @param stale dropped because their next batch would have exceeded the staleness bound
 * @param failed a rollout of theirs failed
 * @param stopped cancelled at the end of the run
 * @param inFlight generating
 * @param ready waiting for a batch
 */
public record GroupCounts(
    long dispatched,
    long packed,
    long filtered,
    long stale,
    long failed,
    long stopped,
    int inFlight,
    int ready) {}
