package dev.freshet.environments;

/**
 * An environment whose own program plays the episodes: it asks a server for the turns of the policy
 * and says in the end which tokens were sampled and what they are worth.
 */
public non-sealed interface SelfDrivenEnvironment extends Environment {
  /**
   * Begins an attempt at a problem, which continues without the caller.
   *
   * @param policy where the program asks for turns; it is the same server for the whole attempt
   */
  SelfDrivenEpisode start(Problem problem, PolicyEndpoint policy);
}
