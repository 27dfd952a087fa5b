package dev.freshet.trainer.algorithm;

import dev.freshet.rollouts.Advantage;

/**
 * The registry of algorithms: the advantages and the loss of each. A constant's lower-case name is
 * its name in the configuration.
 *
 * <p>To add one, write a {@link PolicyLoss} with its constants, add it to {@link AlgorithmConfig}
 * and here, and give it a row in {@code docs/algorithms.md}.
 */
public enum Algorithm {
  DPPO(Advantage.GRPO),
  IPO(Advantage.MEAN),
  GRPO(Advantage.GRPO),
  DR_GRPO(Advantage.MEAN),
  DAPO(Advantage.GRPO),
  GSPO(Advantage.GRPO),
  CISPO(Advantage.GRPO),
  TIS(Advantage.GRPO),
  RLOO(Advantage.RLOO),
  REINFORCE_PP(Advantage.BATCH),
  REINFORCE_PP_BASELINE(Advantage.MEAN_BATCH);

  private final Advantage advantage;

  Algorithm(Advantage advantage) {
    this.advantage = advantage;
  }

  /** The advantages that it is defined with. */
  public Advantage advantage() {
    return advantage;
  }

  /** Its loss with the constants of a configuration. */
  PolicyLoss loss(AlgorithmConfig constants) {
    return switch (this) {
      case DPPO -> constants.dppo();
      case IPO -> constants.ipo();
      case GRPO -> constants.grpo();
      case DR_GRPO -> constants.drGrpo();
      case DAPO -> constants.dapo();
      case GSPO -> constants.gspo();
      case CISPO -> constants.cispo();
      case TIS -> constants.tis();
      case RLOO -> new RlooLoss();
      case REINFORCE_PP, REINFORCE_PP_BASELINE -> constants.reinforcePp();
    };
  }
}
