package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WireWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * vLLM with {@code VLLM_SERVER_DEV_MODE=1}: {@code /pause}, {@code /collective_rpc} with {@code
 * reload_weights}, {@code /update_weight_version}, {@code /resume}.
 */
final class VllmDialect extends PausedDialect {
  private static final String LOAD = "/collective_rpc";
  private static final String RESET = "/reset_prefix_cache";
  private static final byte[] NO_BODY = {};

  @Override
  public String name() {
    return "vllm";
  }

  @Override
  Optional<String> servedDirectory(AdminClient server) {
    return ServedModels.root(server);
  }

  @Override
  PausedUpdate.Plan plan(UpdateWeightsRequest request, AdminDeadlines deadlines) {
    String dir = request.weightDir().orElseThrow();
    String version = Long.toString(request.step().getAsLong());
    String pause = "/pause?" + pause(request.mode());
    byte[] load =
        WireWriter.object(
            out -> {
              out.writeStringProperty("method", "reload_weights");
              out.writeObjectPropertyStart("kwargs");
              out.writeStringProperty("weights_path", dir);
              out.writeEndObject();
            });
    return new PausedUpdate.Plan(
        Optional.of(
            new PausedUpdate.Step(UpdatePart.PAUSE, pause, NO_BODY, deadlines.pause(), false)),
        new PausedUpdate.Step(UpdatePart.LOAD, LOAD, load, deadlines.update(), false),
        _ -> OptionalDouble.empty(),
        settle(request.mode(), version, deadlines),
        Optional.of(
            new PausedUpdate.Step(
                UpdatePart.RESUME, "/resume", NO_BODY, deadlines.pause(), false)));
  }

  private static String pause(UpdateMode mode) {
    return switch (mode) {
      case KEEP -> "mode=keep&clear_cache=false";
      case RECOMPUTE -> "mode=keep&clear_cache=true";
      case DRAIN -> "mode=wait&clear_cache=true";
      case ABORT -> "mode=abort&clear_cache=true";
    };
  }

  private static List<PausedUpdate.Settle> settle(
      UpdateMode mode, String version, AdminDeadlines deadlines) {
    List<PausedUpdate.Settle> settle = new ArrayList<>();
    if (mode == UpdateMode.KEEP) {
      settle.add(resetPrefixCache(deadlines));
    }
    settle.add(
        new PausedUpdate.Settle(
            "change of the version name",
            new PausedUpdate.Step(
                UpdatePart.VERSION,
                "/update_weight_version",
                WireWriter.object(out -> out.writeStringProperty("new_version", version)),
                deadlines.probe(),
                true)));
    return settle;
  }

  /**
   * New completions must not reuse the KV cache of the old weights. vLLM resets the cache only if
   * no completion is running, or together with the KV cache of those that are.
   */
  private static PausedUpdate.Settle resetPrefixCache(AdminDeadlines deadlines) {
    return new PausedUpdate.Settle(
        "reset of the prefix cache",
        reset(RESET, deadlines),
        Optional.of(
            new PausedUpdate.Otherwise(
                reset(RESET + "?reset_running_requests=true", deadlines),
                "mode keep was carried out as recompute: vLLM resets the prefix cache beside running"
                    + " completions only together with their KV cache")));
  }

  private static PausedUpdate.Step reset(String path, AdminDeadlines deadlines) {
    return new PausedUpdate.Step(UpdatePart.RESET_CACHE, path, NO_BODY, deadlines.pause(), true);
  }
}
