package dev.freshet.trainer;

import java.time.Duration;

/**
 * How a trainer runs.
 *
 * @param steps how many batches to train on
 * @param loss the name of the loss, see {@link PolicyLoss#named}
 * @param packLength tokens of a packed row
 * @param microRows rows that go through the model at once
 * @param threads libtorch's threads for one operation
 * @param keepWeights how many of the newest published steps stay on disk; step 0 always does
 * @param batchDeadline how long to wait for a batch before giving up
 */
public record TrainerConfig(
    long steps,
    String loss,
    int packLength,
    int microRows,
    int threads,
    int keepWeights,
    Duration batchDeadline,
    OptimizerConfig optimizer) {}
