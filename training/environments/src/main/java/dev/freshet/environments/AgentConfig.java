package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import java.util.List;

/** Which program plays the episodes of the environment {@code agent}, and its tasks. */
@Section(
    "Of the environment agent: any program that calls the policy by an API such as OpenAI's, on"
        + " servers that record sessions.")
public record AgentConfig(
    @Key(
            def = "",
            doc =
                "the program and its arguments, started for each episode in an empty directory;"
                    + " what begins with ./ or ../ is a path from the directory of the run")
        List<String> command,
    @Key(def = "", doc = "file of tasks, a JSON value in each line") String tasks,
    @Key(def = "8", doc = "most programs at a time") int processes,
    @Key(def = "300", doc = "for a program to reward its session or to end") long deadlineS) {
  public AgentConfig {
    command = List.copyOf(command);
    Check.positive("processes", processes);
    Check.positive("deadlineS", deadlineS);
  }
}
