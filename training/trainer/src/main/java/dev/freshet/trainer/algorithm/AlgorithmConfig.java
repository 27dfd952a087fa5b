package dev.freshet.trainer.algorithm;

import dev.freshet.config.Check;
import dev.freshet.config.Key;

/** The algorithm of a run, and the constants of every algorithm. */
public record AlgorithmConfig(
    @Key(
            def = "dppo",
            doc =
                "dppo, ipo, grpo, dr_grpo, dapo, gspo, cispo, tis, rloo, reinforce_pp or"
                    + " reinforce_pp_baseline: formulas and sources in docs/algorithms.md")
        Algorithm algorithm,
    @Key(
            def = "0.0",
            doc =
                "weight in the loss of the KL divergence from the base model (weights/step_0); above"
                    + " 0, the trainer keeps the base model in memory and runs it over every batch")
        double klCoefficient,
    DppoLoss dppo,
    IpoLoss ipo,
    GrpoLoss grpo,
    DrGrpoLoss drGrpo,
    DapoLoss dapo,
    GspoLoss gspo,
    CispoLoss cispo,
    TisLoss tis,
    ReinforcePlusPlusLoss reinforcePp) {
  public AlgorithmConfig {
    Check.that(klCoefficient >= 0 && Double.isFinite(klCoefficient), "klCoefficient", "0 or more");
  }

  /** The loss of the algorithm, without the KL divergence from the base model. */
  public PolicyLoss loss() {
    return algorithm.loss(this);
  }
}
