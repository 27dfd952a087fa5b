package dev.freshet.environments;

/**
 * The program of an environment could not get a turn of the policy from the policy's server. The
 * message has the program's words.
 */
public final class PolicyCallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PolicyCallException(String message) {
    super(message);
  }
}
