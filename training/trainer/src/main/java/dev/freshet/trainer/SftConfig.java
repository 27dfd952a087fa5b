package dev.freshet.trainer;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The configuration of the supervised warm-up. */
@Section(
    "Supervised warm-up on correct answers, short enough to leave room for reward to rise. It"
        + " creates policy version 0.")
public record SftConfig(
    @Key(def = "180", doc = "0: no warm-up") int steps,
    @Key(def = "128", doc = "correct answers per step") int batchSize,
    @Key(def = "0.003", doc = "learning rate; decays to a tenth over the steps") double lr,
    @Key(
            def = "0.5",
            doc =
                "share of each target spread over all tokens; keeps the policy uncertain, so that it"
                    + " explores")
        double labelSmoothing,
    @Key(def = "2", doc = "threads that compute a step, as trainer.threads") int threads) {
  private static final int WARMUP_STEPS = 10;

  public SftConfig {
    Check.notNegative("steps", steps);
    Check.positive("batchSize", batchSize);
    Check.that(lr > 0, "lr", "above 0");
    Check.that(
        labelSmoothing >= 0 && labelSmoothing < 1, "labelSmoothing", "at least 0 and below 1");
    Check.positive("threads", threads);
  }

  OptimizerConfig optimizer() {
    return new OptimizerConfig(lr, WARMUP_STEPS, steps, 0.9, 0.95, 1e-8, 0, 1);
  }
}
