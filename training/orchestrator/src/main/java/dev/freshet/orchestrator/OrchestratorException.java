package dev.freshet.orchestrator;

import java.util.concurrent.ExecutionException;

/** The orchestrator cannot begin or go on; the message says what, where and what was expected. */
public final class OrchestratorException extends RuntimeException {
  public OrchestratorException(String message) {
    super(message);
  }

  public OrchestratorException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What {@code error} says, in one line: what its cause says if it only wraps that. */
  public static String reason(Throwable error) {
    Throwable cause = error.getCause();
    if (error instanceof ExecutionException && cause != null) {
      return reason(cause);
    }
    String message = error.getMessage();
    return message == null ? error.getClass().getSimpleName() : message;
  }
}
