/**
 * The orchestrator: environments, dispatch of rollouts, advantages, filters, batches, bounded
 * staleness, the weight watcher and evaluation. Knows nothing of tensors.
 *
 * <p>Who runs where: the caller of {@link dev.freshet.orchestrator.Orchestrator#run} packs batches;
 * one thread dispatches groups, one watches for weights, every rollout has a virtual thread. What
 * they share is one ledger and the fleet; nothing but the staleness bound makes one wait for
 * another.
 */
@NullMarked
package dev.freshet.orchestrator;

import org.jspecify.annotations.NullMarked;
