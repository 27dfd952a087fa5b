package dev.freshet.plots;

/** An image that cannot be drawn or written; the message names the file and the cause. */
public final class PlotException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PlotException(String message) {
    super(message);
  }

  PlotException(String message, Throwable cause) {
    super(message, cause);
  }
}
