package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.GenerationRoute;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireWriter;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * vLLM with {@code VLLM_SERVER_DEV_MODE=1}: {@code /pause}, {@code /collective_rpc} with {@code
 * reload_weights}, {@code /update_weight_version}, {@code /resume}. It takes the version name that
 * it is given, so the name of the attempt in {@code /weight_info} acknowledges the load. A failed
 * load leaves it without weights: it dies if it is resumed then, and recovers if it loads a good
 * checkpoint while it is paused.
 */
final class VllmDialect implements Dialect {
  private static final String LOAD = "/collective_rpc";
  private static final String RESET = "/reset_prefix_cache";
  private static final byte[] NO_BODY = {};
  private static final Capabilities CAPABILITIES =
      new Capabilities(EnumSet.allOf(UpdateMode.class), false, false, true);

  @Override
  public String name() {
    return "vllm";
  }

  @Override
  public Capabilities capabilities() {
    return CAPABILITIES;
  }

  @Override
  public Controls controls() {
    return new VllmControls("/v1", true, List.of("/collective_rpc", "/update_weight_version"));
  }

  @Override
  public Optional<String> servedDirectory(AdminClient server) {
    return ServedModels.root(server);
  }

  /**
   * A load into an engine that sleeps, whose weights are not mapped, ends its process.
   *
   * @throws WireException if it sleeps
   */
  @Override
  public void prepare(AdminCalls calls, Target target) {
    if (sleeps(calls.server())) {
      throw new WireException(
          "the server sleeps (POST /sleep), expected one that is awake: a load would end it; POST"
              + " /wake_up to it first");
    }
  }

  /** Whether it says so; not every version, nor every proxy, has the route. */
  private static boolean sleeps(AdminClient server) {
    try {
      return Answers.bool(server, "/is_sleeping", "is_sleeping").orElse(false);
    } catch (AdminException e) {
      if (e.status() == 0) {
        throw e;
      }
      return false;
    }
  }

  @Override
  public boolean pause(AdminCalls calls, UpdateMode mode) {
    String query =
        switch (mode) {
          case KEEP -> "mode=keep&clear_cache=false";
          case RECOMPUTE -> "mode=keep&clear_cache=true";
          case DRAIN -> "mode=wait&clear_cache=true";
          case ABORT -> "mode=abort&clear_cache=true";
        };
    calls.order(UpdatePart.PAUSE, "/pause?" + query, NO_BODY, "pause");
    return true;
  }

  @Override
  public Optional<Serving> apply(AdminCalls calls, Target target) {
    calls.load(
        LOAD,
        reload(target.directory().or(() -> ServedModels.root(calls.server()))),
        target,
        answer -> ReportedOutcome.of(LOAD, answer).orThrow(LOAD, "load").rpcMs());
    if (target.mode() == UpdateMode.KEEP || target.mode() == UpdateMode.RECOMPUTE) {
      resetPrefixCache(calls, target);
    }
    name(calls, target);
    return Optional.empty();
  }

  /**
   * The model that the server was started with is named too: without a path vLLM reads the
   * directory that it loaded last.
   */
  private static byte[] reload(Optional<String> directory) {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("method", "reload_weights");
          if (directory.isPresent()) {
            out.writeObjectPropertyStart("kwargs");
            out.writeStringProperty("weights_path", directory.get());
            out.writeEndObject();
          }
        });
  }

  /**
   * New completions must not reuse the KV cache of the old weights. vLLM resets the cache only if
   * no completion is running, or together with the KV cache of those that are: what mode recompute
   * asks for, and newer versions do not do when they are paused. Requests with the version as their
   * salt do not find what is left in the cache.
   */
  private static void resetPrefixCache(AdminCalls calls, Target target) {
    boolean keep = target.mode() == UpdateMode.KEEP;
    Optional<ReportedOutcome> reset = reset(calls, RESET);
    if (reset.isEmpty() || reset.get().success().orElse(false) || (keep && target.salted())) {
      return;
    }
    String withRunning = RESET + "?reset_running_requests=true";
    Optional<Boolean> success =
        reset(calls, withRunning)
            .flatMap(found -> found.orThrow(withRunning, "reset of the prefix cache").success());
    if (!keep && success.isPresent()) {
      return;
    }
    calls.note(
        success.isPresent()
            ? "mode keep was carried out as recompute: vLLM resets the prefix cache beside running"
                + " completions only together with their KV cache"
            : withRunning
                + ": the server does not say whether its reset of the prefix cache succeeded");
  }

  private static Optional<ReportedOutcome> reset(AdminCalls calls, String path) {
    return calls
        .postIfThere(UpdatePart.RESET_CACHE, path, NO_BODY)
        .map(answer -> ReportedOutcome.of(path, answer));
  }

  private static void name(AdminCalls calls, Target target) {
    String path = "/update_weight_version";
    byte[] body = WireWriter.object(out -> out.writeStringProperty("new_version", target.name()));
    var _ = calls.orderIfThere(UpdatePart.VERSION, path, body, "change of the version name");
  }

  @Override
  public Optional<EngineLoad.Series> engineSeries() {
    return Optional.of(EngineLoad.VLLM);
  }

  @Override
  public Serving ask(AdminClient server, long expected) {
    return new Serving(
        Answers.text(server, "/weight_info", "weight_version"),
        Answers.bool(server, "/is_paused", "is_paused"));
  }

  @Override
  public Optional<SortedMap<String, String>> checksums(AdminClient server, Duration within) {
    return WeightChecker.ask(server, within);
  }

  /** A request without a prompt is refused where the route is, before anything is generated. */
  @Override
  public Generation generation(AdminClient server) {
    return Answers.refusesEmpty(server, GenerationRoute.VLLM_TOKENS.path())
        ? new Generation(GenerationRoute.VLLM_TOKENS, Generation.Versions.REPORTED)
        : Generation.SILENT;
  }

  /**
   * The engine carries out calls one after the other, so the answer to one that does nothing comes
   * after the end of a load.
   */
  @Override
  public boolean idle(AdminCalls calls) {
    byte[] body = WireWriter.object(out -> out.writeStringProperty("method", "check_health"));
    calls.order(UpdatePart.LOAD, LOAD, body, "check of the workers");
    return true;
  }

  @Override
  public void resume(AdminCalls calls) {
    calls.order(UpdatePart.RESUME, "/resume", NO_BODY, "resume");
  }
}
