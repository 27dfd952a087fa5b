package dev.freshet.trainer;

import java.time.Duration;

/**
 * The settings of a {@link TrainerLoop}.
 *
 * @param steps the number of batches to train on
 * @param packLength the most tokens of a packed row
 * @param microRows the number of rows in one micro-batch
 * @param threads the number of libtorch's threads for one operation
 * @param keepWeights the number of newest published steps that stay on disk; step 0 always stays
 * @param batchDeadline the longest wait for one batch
 */
public record TrainerConfig(
    long steps,
    LossRule loss,
    int packLength,
    int microRows,
    int threads,
    int keepWeights,
    Duration batchDeadline,
    OptimizerConfig optimizer) {}
