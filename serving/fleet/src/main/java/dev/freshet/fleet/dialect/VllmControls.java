package dev.freshet.fleet.dialect;

import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.PauseMode;
import java.util.List;
import java.util.stream.Stream;

/**
 * The controls of vLLM, which Freshet's and prime-rl's servers answer too.
 *
 * @param adapters what the routes of adapters begin with
 * @param sharesCache whether a cached prefix may be used with other weights than its own
 * @param updates the routes by which it is updated
 */
record VllmControls(String adapters, boolean sharesCache, List<String> updates)
    implements Controls {
  private static final String FLUSH = "/reset_prefix_cache";
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
  public Call abort(AbortRequest request) {
    return new Call.Post("/abort_requests", request.toJson());
  }

  @Override
  public Call flush() {
    return sharesCache
        ? Call.Post.empty(FLUSH)
        : new Call.Unneeded("a cached prefix is never used with other weights");
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
            updates.stream(),
            Stream.of("/pause", "/resume", "/abort_requests", adapters + LOAD, adapters + UNLOAD))
        .toList();
  }
}
