/**
 * The orchestrator: dispatch of rollouts, advantages, filters, batches, bounded staleness, weight
 * updates and evaluation. It handles no tensors.
 *
 * <p>Threads: the caller of {@link dev.freshet.orchestrator.Orchestrator#run} packs batches, one
 * thread dispatches groups, one watches for weights, and every rollout has a virtual thread. They
 * share the ledger and the fleet. Only the staleness bound makes one of them wait for another.
 *
 * <p>Errors: a failed rollout is data ({@link dev.freshet.orchestrator.RolloutResult}); whatever
 * ends the run leaves it as an {@link dev.freshet.orchestrator.OrchestratorException}.
 */
@NullMarked
package dev.freshet.orchestrator;

import org.jspecify.annotations.NullMarked;
