package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.WireWriter;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * prime-rl's inference server: {@code /update_weights}, between {@code /pause} and {@code /resume}
 * if the server has them. Mode {@code keep} only. It reports a version only where vLLM's own routes
 * are served too.
 */
final class PrimeRlDialect implements Dialect {
  private static final String LOAD = "/update_weights";
  private static final String BASE = "/reload_weights";
  private static final byte[] NO_BODY = {};
  private static final byte[] NO_FIELDS = {'{', '}'};
  private static final Capabilities CAPABILITIES =
      new Capabilities(EnumSet.of(UpdateMode.KEEP), false, false, true);

  @Override
  public String name() {
    return "prime-rl";
  }

  @Override
  public Capabilities capabilities() {
    return CAPABILITIES;
  }

  @Override
  public Controls controls() {
    return new VllmControls("", true, List.of("/update_weights", "/reload_weights"));
  }

  @Override
  public Optional<String> servedDirectory(AdminClient server) {
    return ServedModels.root(server);
  }

  @Override
  public boolean pause(AdminCalls calls, UpdateMode mode) {
    return calls.orderIfThere(
        UpdatePart.PAUSE, "/pause?mode=keep&clear_cache=false", NO_BODY, "pause");
  }

  @Override
  public Optional<Serving> apply(AdminCalls calls, Target target) {
    String path = target.directory().isPresent() ? LOAD : BASE;
    byte[] body =
        target
            .directory()
            .map(dir -> WireWriter.object(out -> out.writeStringProperty("weight_dir", dir)))
            .orElse(NO_FIELDS);
    calls.load(
        path,
        body,
        target,
        answer -> ReportedOutcome.of(path, answer).orThrow(path, "load").rpcMs());
    return Optional.empty();
  }

  @Override
  public Optional<EngineLoad.Series> engineSeries() {
    return Optional.of(EngineLoad.VLLM);
  }

  @Override
  public Serving ask(AdminClient server, long expected) {
    return new Serving(Optional.empty(), Answers.bool(server, "/is_paused", "is_paused"));
  }

  @Override
  public boolean healthy(AdminClient server) {
    try {
      requireEngine(server);
    } catch (AdminException e) {
      if (e.status() == 0) {
        throw e;
      }
      return false;
    }
    return server.health().healthy();
  }

  /** {@code /liveness} is 503 while the engine does not respond; 2025 servers do not have it. */
  @Override
  public void requireEngine(AdminClient server) {
    try {
      var _ = server.get("/liveness");
    } catch (AdminException e) {
      if (e.status() != 404) {
        throw e;
      }
    }
  }

  @Override
  public void resume(AdminCalls calls) {
    var _ = calls.orderIfThere(UpdatePart.RESUME, "/resume", NO_BODY, "resume");
  }
}
