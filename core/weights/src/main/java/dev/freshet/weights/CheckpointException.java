package dev.freshet.weights;

import dev.freshet.trace.Quoted;

/**
 * A checkpoint cannot be read, written or verified. The message is one line: the file or directory,
 * the tensor, what was found and what was expected. Control characters are escaped, and the message
 * is cut at 1,000 characters.
 */
public final class CheckpointException extends RuntimeException {
  private static final int LONGEST = 1_000;

  public CheckpointException(String message) {
    super(oneLine(message));
  }

  public CheckpointException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  private static String oneLine(String message) {
    String line = Quoted.escaped(message);
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
  }
}
