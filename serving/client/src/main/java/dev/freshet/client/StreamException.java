package dev.freshet.client;

/** A streaming completion that failed. The message is one line. */
public final class StreamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kinds of failure. */
  public enum Kind {
    /** No connection could be established. */
    UNREACHABLE,
    /** The server answered with an HTTP error ({@link #status}). */
    REFUSED,
    /** The server reported an error within the stream. */
    FAILED,
    /** The connection ended before the answer did. */
    TRUNCATED,
    /** The answer violates the protocol. */
    MALFORMED,
    /** The deadline passed. */
    DEADLINE,
    /** The caller cancelled the call or closed the client. */
    CANCELLED
  }

  private final Kind kind;
  private final int status;
  private final boolean neverHandled;

  StreamException(Kind kind, int status, boolean neverHandled, String message) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.neverHandled = neverHandled;
  }

  public Kind kind() {
    return kind;
  }

  /** The HTTP status of the server's answer, or 0 if there was none. */
  public int status() {
    return status;
  }

  /** Whether the request cannot have reached the server. */
  public boolean neverHandled() {
    return neverHandled;
  }
}
