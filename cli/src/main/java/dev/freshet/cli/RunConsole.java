package dev.freshet.cli;

import dev.freshet.orchestrator.Progress;
import dev.freshet.process.Terminal;
import dev.freshet.trainer.StepMetrics;
import java.util.Optional;

/** The progress of a run on the terminal. Thread-safe. */
final class RunConsole {
  private final Terminal terminal;
  private volatile Optional<StepMetrics> trained = Optional.empty();

  RunConsole(Terminal terminal) {
    this.terminal = terminal;
  }

  /** The trainer has taken a step; its figures are shown with the next progress. */
  void trained(StepMetrics step) {
    trained = Optional.of(step);
  }

  /** Shows the progress of the orchestrator. */
  void show(Progress progress) {
    switch (progress.stage()) {
      case EVALUATING_START -> terminal.say("evaluating the base model on held-out problems");
      case GENERATING, AWAITING_LAST_WEIGHTS ->
          terminal.progress(
              "step",
              progress.step(),
              progress.steps(),
              "%spolicy v%d  staleness %d  in flight %d%s",
              progress.reward().isPresent()
                  ? "reward %.3f  ".formatted(progress.reward().getAsDouble())
                  : "",
              progress.policyVersion(),
              progress.staleness(),
              progress.inFlight(),
              trained
                  .map(
                      t ->
                          "  KL %.1e  entropy %.2f"
                              .formatted(t.mismatchKl(), t.quality().entropy()))
                  .orElse(""));
      case EVALUATING_END -> terminal.say("evaluating the last weights on held-out problems");
      case ENDED -> {}
    }
  }
}
