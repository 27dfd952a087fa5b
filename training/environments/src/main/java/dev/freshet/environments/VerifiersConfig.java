package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import java.util.regex.Pattern;

/** Where an environment server of verifiers is, and what its episodes need to know. */
@Section("Of the environment verifiers: any environment behind an environment server of verifiers.")
public record VerifiersConfig(
    @Key(def = "tcp://127.0.0.1:5000", doc = "address of the environment server") String address,
    @Key(def = "", doc = "file with the data of a task in each line, as JSON") String tasks,
    @Key(def = "policy", doc = "name of the model at the inference servers") String model,
    @Key(
            def = "",
            doc =
                "directory or Hub name, as the environment server sees it, whose tokenizer renders"
                    + " messages; empty: model")
        String renderer,
    @Key(
            def = "FRESHET_API_KEY",
            doc =
                "environment variable of the environment server with the API key of the inference"
                    + " servers")
        String apiKeyVar,
    @Key(def = "64", doc = "most episodes at a time") int episodes,
    @Key(
            def = "30",
            doc = "for the environment server to show that it is alive; a run may take longer")
        long deadlineS) {
  private static final Pattern ADDRESS = Pattern.compile("tcp://[^/:]+:\\d{1,5}|ipc://.+");

  public VerifiersConfig {
    Check.that(
        ADDRESS.matcher(address).matches(), "address", "an address such as tcp://127.0.0.1:5000");
    Check.that(!model.isBlank(), "model", "the name of a model");
    Check.that(!apiKeyVar.isBlank(), "apiKeyVar", "the name of an environment variable");
    Check.positive("episodes", episodes);
    Check.positive("deadlineS", deadlineS);
  }
}
