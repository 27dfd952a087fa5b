package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.GenerationRoute;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireWriter;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * vLLM with {@code --enable-lora --max-loras 2} or more and {@code
 * VLLM_ALLOW_RUNTIME_LORA_UPDATING=1}: each version of the policy is an adapter of its own, {@code
 * policy@vN}, which is loaded beside the traffic. Requests that name it get it from the commit on;
 * running ones keep the version that they began with. Undoing an update unloads its adapter. An
 * older adapter is unloaded by a later update, once the server reports no request of it.
 */
final class VllmLoraDialect implements Dialect {
  private static final String PREFIX = "policy@v";
  private static final String LOAD = "/v1/load_lora_adapter";
  private static final String UNLOAD = "/v1/unload_lora_adapter";
  private static final Capabilities CAPABILITIES =
      new Capabilities(EnumSet.of(UpdateMode.KEEP), true, true, false);

  @Override
  public String name() {
    return "vllm-lora";
  }

  @Override
  public Capabilities capabilities() {
    return CAPABILITIES;
  }

  @Override
  public Controls controls() {
    return new VllmControls("/v1", true, List.of());
  }

  @Override
  public void prepare(AdminCalls calls, Target target) {
    if (target.directory().isEmpty()) {
      return;
    }
    List<Long> loaded = loaded(calls.server());
    if (loaded.contains(target.version())) {
      if (serves(calls, target)) {
        calls.note(PREFIX + target.version() + " serves requests and was not loaded again");
        return;
      }
      // Of an earlier attempt: its directory may have had other content.
      unload(calls, target.version());
    }
    unloadIdle(calls, loaded, target.version());
    byte[] body =
        WireWriter.object(
            out -> {
              out.writeStringProperty("lora_name", PREFIX + target.version());
              out.writeStringProperty("lora_path", target.directory().get());
            });
    var _ = calls.post(UpdatePart.LOAD, LOAD, body);
  }

  /** Whether requests name the version already, before the update that would make it theirs. */
  private static boolean serves(AdminCalls calls, Target target) {
    return calls.routed().equals(OptionalLong.of(target.version()));
  }

  /** All but the one that serves until the commit: the newest, if the caller does not know. */
  private static void unloadIdle(AdminCalls calls, List<Long> loaded, long target) {
    List<Long> others = loaded.stream().filter(v -> v != target).toList();
    long serves = calls.routed().orElse(others.stream().max(Comparator.naturalOrder()).orElse(0L));
    List<Long> older = others.stream().filter(v -> v != serves).toList();
    if (older.isEmpty()) {
      return;
    }
    String running = LoraRequests.running(calls.server());
    for (long version : older) {
      if (!running.contains(PREFIX + version)) {
        unload(calls, version);
      }
    }
  }

  /** No update pauses it, but a client may have, if it has the route. */
  @Override
  public void resume(AdminCalls calls) {
    var _ = calls.orderIfThere(UpdatePart.RESUME, "/resume", new byte[0], "resume");
  }

  /** Nothing: requests name the version. */
  @Override
  public Optional<Serving> apply(AdminCalls calls, Target target) {
    return Optional.empty();
  }

  @Override
  public Optional<EngineLoad.Series> engineSeries() {
    return Optional.of(EngineLoad.VLLM);
  }

  @Override
  public Serving ask(AdminClient server, long expected) {
    List<Long> loaded = loaded(server);
    long serving =
        expected == 0 || loaded.contains(expected)
            ? expected
            : loaded.stream().max(Comparator.naturalOrder()).orElse(0L);
    return new Serving(Optional.of(Long.toString(serving)), Optional.empty());
  }

  @Override
  public String nameOf(Target target) {
    return Long.toString(target.version());
  }

  @Override
  public void undo(AdminCalls calls, Target target) {
    if (!serves(calls, target) && loaded(calls.server()).contains(target.version())) {
      unload(calls, target.version());
    }
  }

  /** Loading twice does no harm: the second load is refused. */
  @Override
  public boolean idle(AdminCalls calls) {
    return true;
  }

  @Override
  public Generation generation(AdminClient server) {
    return new Generation(GenerationRoute.COMPLETIONS, Generation.Versions.NAMED);
  }

  @Override
  public Optional<String> model(long version) {
    return version <= 0 ? Optional.empty() : Optional.of(PREFIX + version);
  }

  private static void unload(AdminCalls calls, long version) {
    byte[] body = WireWriter.object(out -> out.writeStringProperty("lora_name", PREFIX + version));
    var _ = calls.postIfThere(UpdatePart.LOAD, UNLOAD, body);
  }

  private static List<Long> loaded(AdminClient server) {
    try {
      return ServedModels.of(server).stream()
          .map(ServedModels.Model::id)
          .filter(id -> id.startsWith(PREFIX))
          .flatMap(id -> Target.version(id.substring(PREFIX.length())).stream())
          .toList();
    } catch (WireException e) {
      throw AdminException.sent("GET " + server.server(), "bad_answer", e.getMessage());
    }
  }
}
