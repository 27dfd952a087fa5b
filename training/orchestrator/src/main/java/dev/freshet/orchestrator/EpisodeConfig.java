package dev.freshet.orchestrator;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** What an episode may take, and how many may fail: part of the orchestrator's section. */
@Section
public record EpisodeConfig(
    @Key(def = "32", doc = "most turns of a rollout; the environment scores what is there then")
        int maxTurns,
    @Key(def = "60", doc = "for an environment to answer a turn") long environmentDeadlineS,
    @Key(def = "1200", doc = "for a rollout with all its turns") long episodeDeadlineS,
    @Key(def = "4", doc = "calls of environments at the same time, each on a thread")
        int environmentThreads,
    @Key(
            def = "0.5",
            doc =
                "share of the last failed_window rollouts that may have failed; a larger share ends"
                    + " the run")
        double maxFailedShare,
    @Key(def = "128", doc = "rollouts of which max_failed_share is the share") int failedWindow) {
  public EpisodeConfig {
    Check.positive("maxTurns", maxTurns);
    Check.positive("environmentDeadlineS", environmentDeadlineS);
    Check.positive("episodeDeadlineS", episodeDeadlineS);
    Check.positive("environmentThreads", environmentThreads);
    Check.that(maxFailedShare >= 0 && maxFailedShare <= 1, "maxFailedShare", "0 to 1");
    Check.positive("failedWindow", failedWindow);
  }
}
