package dev.freshet.process;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The configuration of a run: where its files are and how long it is. */
@Section
public record RunConfig(
    @Key(
            def = "",
            doc =
                "directory for logs, weights and the report; empty: a new runs/<environment>-<time>")
        String dir,
    @Key(
            def = "200",
            doc = "policy-gradient steps; each publishes weights/step_N and updates every server")
        long steps,
    @Key(def = "1", doc = "of the initial weights, the problems and the warm-up") long seed) {
  public RunConfig {
    Check.positive("steps", steps);
  }
}
