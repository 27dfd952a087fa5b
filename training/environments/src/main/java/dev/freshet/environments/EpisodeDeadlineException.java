package dev.freshet.environments;

/** The program of an environment did not end an episode in time. The message names the deadline. */
public final class EpisodeDeadlineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public EpisodeDeadlineException(String message) {
    super(message);
  }
}
