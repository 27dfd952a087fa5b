package dev.freshet.orchestrator;

import dev.freshet.environments.EnvironmentException;
import dev.freshet.fleet.FleetException;
import dev.freshet.rollouts.BatchException;
import dev.freshet.weights.CheckpointException;
import dev.freshet.wire.OneLine;
import java.util.concurrent.ExecutionException;

/**
 * A run cannot start or continue. The message is one line that says what was found and what was
 * expected. This is the only exception, other than an interrupt, by which a run ends: {@link #of}
 * classifies every other one where it leaves the run.
 */
public final class OrchestratorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OrchestratorException(String message) {
    super(message);
  }

  OrchestratorException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * The failure of a run that {@code error} causes. The errors of the fleet, environments, batches
   * and checkpoints keep their message; any other is a defect of the orchestrator or of an
   * environment, and its class is named.
   */
  static OrchestratorException of(Throwable error) {
    return switch (error) {
      case OrchestratorException known -> known;
      case ExecutionException wrapper when wrapper.getCause() != null -> of(wrapper.getCause());
      case FleetException e -> new OrchestratorException(OneLine.of(e), e);
      case EnvironmentException e -> new OrchestratorException(OneLine.of(e), e);
      case BatchException e -> new OrchestratorException(OneLine.of(e), e);
      case CheckpointException e -> new OrchestratorException(OneLine.of(e), e);
      default ->
          new OrchestratorException(
              "unexpected %s: %s".formatted(error.getClass().getName(), OneLine.of(error)), error);
    };
  }
}
