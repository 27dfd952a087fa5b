package dev.freshet.orchestrator;

/**
 * The states of all groups dispatched so far. Each group is counted in exactly one state.
 *
 * @param dispatched all of them
 * @param packed in a batch
 * @param filtered left out because of equal rewards
 * @param stale dropped because their next batch would have exceeded the staleness bound
 * @param failed too many rollouts of the group failed
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
