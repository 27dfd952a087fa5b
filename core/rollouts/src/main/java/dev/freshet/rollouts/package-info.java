/**
 * The data that the orchestrator passes to the trainer: trajectories of tokens with the policy
 * version of each, scored rollouts, groups, training batches and their files, and the log of weight
 * updates. Samples nothing and computes no loss.
 */
@NullMarked
package dev.freshet.rollouts;

import org.jspecify.annotations.NullMarked;
