package dev.freshet.environments;

import java.util.List;

/**
 * What a further agent of an episode did, whose turns train the policy too.
 *
 * @param name of the agent; empty: that of the episode's first one, for a further attempt of it
 * @param branches as in {@link PlayedEpisode}
 * @param reward of this agent, a finite number
 */
public record PlayedAgent(String name, List<PlayedBranch> branches, double reward) {
  public PlayedAgent {
    branches = List.copyOf(branches);
  }
}
