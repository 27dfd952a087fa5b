package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.WireWriter;
import java.util.List;
import java.util.Optional;

/**
 * The calls by which a program carries out what a client orders of it beside an update: pauses,
 * aborts, adapters, flushes. What a program cannot do says why.
 */
interface Controls {
  /** How a program carries out an order. */
  sealed interface Call {
    /** By a post. */
    record Post(String path, byte[] body) implements Call {
      /** Without a body. */
      static Post empty(String path) {
        return new Post(path, new byte[0]);
      }

      /** With a body that has no fields. */
      static Post noFields(String path) {
        return new Post(path, new byte[] {'{', '}'});
      }
    }

    /** Not at all, for the reason {@code why}. */
    record Unsupported(String why) implements Call {}
  }

  /** The controls of a program. One that is not listed has none. */
  static Controls of(Dialect dialect) {
    return switch (dialect.name()) {
      case "freshet" ->
          new VllmControls(
              "/v1", Optional.empty(), "a cached prefix is never used with other weights");
      case "vllm", "vllm-lora" -> new VllmControls("/v1", Optional.of("/reset_prefix_cache"), "");
      case "prime-rl" ->
          new VllmControls(
              "", Optional.empty(), "its clients salt the prefix cache for each version");
      case "sglang" -> new SglangControls();
      default -> new NoControls(dialect.name());
    };
  }

  /** Pauses generation as {@code mode} says. */
  Call pause(PauseMode mode, boolean clearCache);

  Call resume();

  /**
   * Ends completions.
   *
   * @param body of the client, in vLLM's form
   * @param all whether it names none
   */
  Call abort(byte[] body, boolean all);

  /** Empties the prefix cache. */
  Call flush();

  Call load(AdapterRequest adapter);

  Call unload(AdapterRequest adapter);

  /** The admin routes of the program, for clients that discover workers. */
  List<String> routes();

  /** The body by which every program loads or unloads an adapter. */
  static byte[] body(AdapterRequest adapter) {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("lora_name", adapter.name());
          adapter.path().ifPresent(dir -> out.writeStringProperty("lora_path", dir));
        });
  }
}
