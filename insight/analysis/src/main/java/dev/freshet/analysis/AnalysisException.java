package dev.freshet.analysis;

/** Logs that cannot be read, or a report on them that cannot be written; the message says why. */
public final class AnalysisException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public AnalysisException(String message) {
    super(message);
  }

  public AnalysisException(String message, Throwable cause) {
    super(message, cause);
  }
}
