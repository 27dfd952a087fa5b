/**
 * What the orchestrator hands the trainer: trajectories of tokens with the policy version of each,
 * rollouts with their reward and advantage, groups of them, training batches, the files that carry
 * batches from one to the other, and the log of weight updates beside them. Samples nothing and
 * computes no loss.
 */
@NullMarked
package dev.freshet.rollouts;

import org.jspecify.annotations.NullMarked;
