package dev.freshet.fleet;

import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.PauseMode;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The controls of vLLM, which Freshet's and prime-rl's servers answer too.
 *
 * @param adapters what the routes of adapters begin with
 * @param flushRoute the route that empties the prefix cache
 * @param noFlush why there is none
 */
record VllmControls(String adapters, Optional<String> flushRoute, String noFlush)
    implements Controls {
  private static final String LOAD = "/load_lora_adapter";
  private static final String UNLOAD = "/unload_lora_adapter";

  @Override
  public Call pause(PauseMode mode, boolean clearCache) {
    return Call.Post.empty("/pause?mode=%s&clear_cache=%b".formatted(mode.wireName(), clearCache));
  }

  @Override
  public Call resume() {
    return Call.Post.empty("/resume");
  }

  @Override
  public Call abort(byte[] body, boolean all) {
    return all ? Call.Post.noFields("/abort_requests") : new Call.Post("/abort_requests", body);
  }

  @Override
  public Call flush() {
    return flushRoute.isPresent()
        ? Call.Post.empty(flushRoute.get())
        : new Call.Unsupported(noFlush);
  }

  @Override
  public Call load(AdapterRequest adapter) {
    return new Call.Post(adapters + LOAD, Controls.body(adapter));
  }

  @Override
  public Call unload(AdapterRequest adapter) {
    return new Call.Post(adapters + UNLOAD, Controls.body(adapter));
  }

  @Override
  public List<String> routes() {
    return Stream.concat(
            Stream.of("/pause", "/resume", "/abort_requests", adapters + LOAD, adapters + UNLOAD),
            flushRoute.stream())
        .toList();
  }
}
