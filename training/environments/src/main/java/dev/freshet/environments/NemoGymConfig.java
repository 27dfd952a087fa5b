package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** Where a resources server of NeMo Gym is, and its tasks. */
@Section("Of the environment nemo-gym: any resources server of NeMo Gym whose tasks need no tools.")
public record NemoGymConfig(
    @Key(def = "http://127.0.0.1:8020", doc = "URL of the resources server") String url,
    @Key(def = "", doc = "file with the rows of the server's data set, one JSON object in a line")
        String tasks,
    @Key(def = "64", doc = "most sessions at a time") int sessions,
    @Key(def = "60", doc = "for the server to answer a request") long deadlineS) {
  public NemoGymConfig {
    Check.that(Check.isHttpUrl(url), "url", "a URL such as http://127.0.0.1:8020");
    Check.positive("sessions", sessions);
    Check.positive("deadlineS", deadlineS);
  }
}
