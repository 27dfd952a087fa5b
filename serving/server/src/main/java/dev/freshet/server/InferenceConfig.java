package dev.freshet.server;

import dev.freshet.config.Check;
import dev.freshet.config.ConfigLoader;
import dev.freshet.config.Inline;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import dev.freshet.engine.EngineConfig;
import dev.freshet.text.message.MessageFormat;
import dev.freshet.text.message.ReasoningSyntax;
import dev.freshet.text.message.ToolCallSyntax;
import java.util.Map;

/** The configuration of an inference server: its listeners and its engine. */
@Section("The inference server.")
public record InferenceConfig(
    @Key(def = "127.0.0.1", doc = "address of the data listener") String host,
    @Key(def = "8000", doc = "completions; `freshet run` uses free ports instead") int port,
    @Key(def = "127.0.0.1", doc = "address of the admin listener") String adminHost,
    @Key(def = "8001", doc = "weight updates, on a separate listener") int adminPort,
    @Key(
            def = "",
            doc =
                "file whose first line is the bearer token that weight operations require;"
                    + " empty: no token")
        String adminTokenFile,
    @Key(
            def = "",
            doc =
                "file of API keys, one a line, of which every request of the data listener must"
                    + " carry one; the environment variable FRESHET_API_KEY may have more, separated"
                    + " by commas; empty: no file")
        String apiKeyFile,
    @Key(
            def = "false",
            doc =
                "whether the usage of completions has prompt_tokens_details with the prompt tokens"
                    + " that were cached, as vLLM's --enable-prompt-tokens-details")
        boolean promptTokensDetails,
    @Key(
            def = "auto",
            doc =
                "how the model writes tool calls: auto (as its chat template asks for), hermes (also"
                    + " Qwen's), llama3_json, or none: calls are part of the content")
        ToolCallSyntax toolCallParser,
    @Key(
            def = "none",
            doc =
                "how the model writes its reasoning: none (it is part of the content), deepseek_r1"
                    + " or qwen3")
        ReasoningSyntax reasoningParser,
    @Key(
            def = "20",
            doc =
                "for running completions after SIGTERM, which then end with an error; new ones are"
                    + " answered 503 from the signal on")
        long drainTimeoutS,
    @Key(
            def = "",
            doc =
                "directory of the capture files of sessions (docs/sessions.md), one a session;"
                    + " empty: captures are only in memory")
        String sessionsDir,
    @Inline EngineConfig engine) {
  public InferenceConfig {
    Check.address("host", host);
    Check.address("adminHost", adminHost);
    Check.port("port", port);
    Check.port("adminPort", adminPort);
    Check.that(drainTimeoutS >= 0 && drainTimeoutS <= 3600, "drainTimeoutS", "0 to 3600");
  }

  /** How the model writes its messages. */
  MessageFormat messages() {
    return new MessageFormat(toolCallParser, reasoningParser);
  }

  /** The same server on free ports of the loopback interface, without a token and keys. */
  public InferenceConfig onFreePorts() {
    return ConfigLoader.with(
        this,
        Map.of(
            "host", "127.0.0.1",
            "port", "0",
            "admin_host", "127.0.0.1",
            "admin_port", "0",
            "admin_token_file", "",
            "api_key_file", "",
            "drain_timeout_s", "0"));
  }
}
