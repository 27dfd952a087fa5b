package dev.freshet.trainer;

import dev.freshet.config.Check;
import dev.freshet.config.Inline;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import dev.freshet.trainer.algorithm.AlgorithmConfig;
import dev.freshet.weights.BroadcastSender;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The configuration of the trainer. */
@Section("The trainer: AdamW on a policy-gradient loss.")
public record TrainerConfig(
    @Inline AlgorithmConfig algorithm,
    @Key(def = "2e-4", doc = "learning rate") double lr,
    @Key(def = "20", doc = "steps over which lr rises from 0") int warmupSteps,
    @Key(def = "0.98", doc = "decay of AdamW's mean of gradients") double beta1,
    @Key(def = "0.999", doc = "decay of AdamW's mean of squared gradients") double beta2,
    @Key(def = "1e-8", doc = "added to AdamW's denominator") double eps,
    @Key(def = "0.0", doc = "AdamW's weight decay") double weightDecay,
    @Key(def = "1.0", doc = "gradients with a larger norm are scaled down to this")
        double maxGradNorm,
    @Key(def = "64", doc = "tokens of a packed row; no rollout may be longer") int packLength,
    @Key(
            def = "4096",
            doc =
                "tokens that all threads compute at the same time, padding included, at least"
                    + " pack_length; a batch with more is accumulated in several passes, without"
                    + " changing its loss")
        int microTokens,
    @Key(
            def = "auto",
            doc =
                "float32; bfloat16: linear layers in bfloat16, attention, norms, loss, weights and"
                    + " gradients in float32; auto: bfloat16 on a processor that has instructions"
                    + " for it (avx512_bf16 or amx_bf16)")
        TrainingPrecision precision,
    @Key(
            def = "false",
            doc =
                "true: keeps only the input of every layer for the backward pass and computes the"
                    + " layer once more there (activation checkpointing): less memory, a third more"
                    + " computation, the same gradients")
        boolean recomputeActivations,
    @Key(
            def = "2",
            doc =
                "threads that compute a step: each computes its share of the sequences and has a"
                    + " gradient of its own while all gradients but the first take at most 1 GiB;"
                    + " more threads share operations, of which products in float32 use only one"
                    + " thread")
        int threads,
    @Key(
            def = "3",
            doc =
                "number of newest weights/step_N kept on disk, at least orchestrator.async_level"
                    + " + 2; step 0 is always kept, and so is a step that a server may still have"
                    + " to load")
        int keepWeights,
    @Key(
            def = "",
            doc =
                "directory in which every step is offered to another program as prime-rl's trainer"
                    + " does (broadcasts/ of its output directory), beside weights/step_N; empty:"
                    + " none")
        String broadcasts,
    @Key(def = "600", doc = "for that program to accept a step") long broadcastDeadlineS,
    @Key(
            def = "25",
            doc =
                "steps between two checkpoints of the trainer, checkpoints/step_N, from which"
                    + " --resume continues; each has 12 bytes a trained parameter, on disk and, while"
                    + " it is written, in memory; 0: none")
        int checkpointEvery,
    @Key(def = "2", doc = "number of newest checkpoints/step_N kept on disk") int keepCheckpoints,
    @Key(def = "600", doc = "for the next batch") long batchDeadlineS,
    @Key(
            def = "0.5",
            doc =
                "share of a batch's rollouts that may be left out because they cannot be trained"
                    + " on; a larger share ends the run")
        double maxUnusable,
    @Key(def = "127.0.0.1", doc = "address where `freshet train` serves GET /metrics")
        String httpHost,
    @Key(def = "8003", doc = "0: any free port") int httpPort,
    LoraTrainingConfig lora) {
  public TrainerConfig {
    Check.that(lr > 0, "lr", "above 0");
    Check.notNegative("warmupSteps", warmupSteps);
    Check.that(beta1 >= 0 && beta1 < 1, "beta1", "at least 0 and below 1");
    Check.that(beta2 >= 0 && beta2 < 1, "beta2", "at least 0 and below 1");
    Check.that(eps > 0, "eps", "above 0");
    Check.notNegative("weightDecay", weightDecay);
    Check.that(maxGradNorm > 0, "maxGradNorm", "above 0");
    Check.positive("packLength", packLength);
    Check.that(
        microTokens >= packLength, "microTokens", "at least pack_length: a row is not split");
    Check.positive("threads", threads);
    Check.that(keepWeights >= 2, "keepWeights", "at least 2: one is served while the next is made");
    Check.positive("broadcastDeadlineS", broadcastDeadlineS);
    Check.notNegative("checkpointEvery", checkpointEvery);
    Check.positive("keepCheckpoints", keepCheckpoints);
    Check.positive("batchDeadlineS", batchDeadlineS);
    Check.that(maxUnusable >= 0 && maxUnusable <= 1, "maxUnusable", "0 to 1");
    Check.address("httpHost", httpHost);
    Check.port("httpPort", httpPort);
  }

  OptimizerConfig optimizer() {
    return new OptimizerConfig(lr, warmupSteps, 0, beta1, beta2, eps, weightDecay, maxGradNorm);
  }

  /** Offers steps to another program, if one is configured. */
  Optional<BroadcastSender> broadcastSender() {
    return broadcasts.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new BroadcastSender(
                Path.of(broadcasts), keepWeights, Duration.ofSeconds(broadcastDeadlineS)));
  }

  Execution execution() {
    return new Execution(precision, threads, recomputeActivations);
  }

  Duration batchDeadline() {
    return Duration.ofSeconds(batchDeadlineS);
  }
}
