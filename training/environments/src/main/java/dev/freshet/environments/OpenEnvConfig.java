package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Where an OpenEnv server is, and how its observations and actions become messages. */
@Section("Of the environment openenv: any environment behind a server of OpenEnv.")
public record OpenEnvConfig(
    @Key(def = "http://127.0.0.1:8010", doc = "URL of the server; its sessions are at /ws")
        String url,
    @Key(def = "", doc = "instructions before the first observation; empty: none")
        String instructions,
    @Key(def = "message", doc = "field of an action that has the policy's answer") String action,
    @Key(
            def = "",
            doc = "field of an observation that the policy sees; empty: the whole observation")
        String observation,
    @Key(
            def = "",
            doc =
                "further arguments of reset beside the seed, as a JSON object, such as"
                    + " {\"dataset_name\": \"leg_counting\", \"size\": 1}; empty: none")
        String reset,
    @Key(def = "16", doc = "most sessions at a time, at most what the server allows") int sessions,
    @Key(def = "30", doc = "for the server to open a session, and to answer") long deadlineS) {
  private static final JsonMapper JSON = new JsonMapper();

  public OpenEnvConfig {
    Check.that(Check.isHttpUrl(url), "url", "a URL such as http://127.0.0.1:8010");
    Check.that(!action.isBlank(), "action", "the name of a field");
    Check.that(
        reset.isEmpty() || isJsonObject(reset), "reset", "a JSON object such as {\"level\": 2}");
    Check.positive("sessions", sessions);
    Check.positive("deadlineS", deadlineS);
  }

  private static boolean isJsonObject(String text) {
    try {
      return JSON.readTree(text).isObject();
    } catch (JacksonException e) {
      return false;
    }
  }

  /** The data of a reset: the further arguments, and the seed. */
  ObjectNode resetData(long seed) {
    return (reset.isEmpty()
            ? JsonNodeFactory.instance.objectNode()
            : (ObjectNode) JSON.readTree(reset))
        .put("seed", seed);
  }
}
