package dev.freshet.fleet;

/**
 * An order of a client that the fleet does not carry out. Nothing was changed, unless {@link
 * Kind#INTERRUPTED}.
 */
public final class OrderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Kind {
    /** Another order is being carried out, or the order contradicts what the fleet serves. */
    CONFLICT,
    /** A program of the fleet has no such operation. */
    UNSUPPORTED,
    /** No replica answers. */
    NO_REPLICA,
    /** The fleet was closed in the middle; its journal tells the next one what to finish. */
    INTERRUPTED
  }

  private final Kind kind;

  OrderException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
