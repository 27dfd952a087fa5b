package dev.freshet.client;

/** A streaming completion that did not come to its end. The message is one line. */
public final class StreamException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** How it failed. */
  public enum Kind {
    /** No connection: the server is not there, or does not accept. */
    UNREACHABLE,
    /** The server answered with an HTTP error ({@link #status}). */
    REFUSED,
    /** The server reported an error within the stream. */
    FAILED,
    /** The connection ended before the answer did. */
    TRUNCATED,
    /** The answer is not what the protocol demands. */
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

  /** How it failed. */
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
