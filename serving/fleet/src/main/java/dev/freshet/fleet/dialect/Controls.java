package dev.freshet.fleet.dialect;

import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.WireWriter;
import java.util.List;

/**
 * The calls by which a program carries out what a client orders of it beside an update: pauses,
 * aborts, adapters, flushes. What a program cannot do says why.
 */
public interface Controls {
  /** How a program carries out an order. */
  sealed interface Call {
    /** By a post. */
    record Post(String path, byte[] body) implements Call {
      /** Without a body. */
      static Post empty(String path) {
        return new Post(path, new byte[0]);
      }
    }

    /** By nothing: it is so anyway, for the reason {@code why}. */
    record Unneeded(String why) implements Call {}

    /** Not at all, for the reason {@code why}. */
    record Unsupported(String why) implements Call {}
  }

  /** Pauses generation as {@code mode} says. */
  Call pause(PauseMode mode, boolean clearCache);

  Call resume();

  /** Ends completions. */
  Call abort(AbortRequest request);

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
