package dev.freshet.orchestrator;

import dev.freshet.rollouts.Advantage;
import java.util.Optional;

/** The advantages that a run is configured with. */
public enum AdvantageChoice {
  /** Those that the trainer's algorithm is defined with. */
  ALGORITHM(Optional.empty()),
  MEAN(Optional.of(Advantage.MEAN)),
  GRPO(Optional.of(Advantage.GRPO)),
  RLOO(Optional.of(Advantage.RLOO)),
  BATCH(Optional.of(Advantage.BATCH)),
  MEAN_BATCH(Optional.of(Advantage.MEAN_BATCH));

  private final Optional<Advantage> chosen;

  AdvantageChoice(Optional<Advantage> chosen) {
    this.chosen = chosen;
  }

  /** The advantages, if the algorithm is defined with {@code its}. */
  public Advantage of(Advantage its) {
    return chosen.orElse(its);
  }
}
