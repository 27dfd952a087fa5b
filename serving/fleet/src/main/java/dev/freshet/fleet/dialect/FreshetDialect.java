package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminResult;
import dev.freshet.client.GenerationRoute;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Freshet's server: it prepares while it decodes, swaps between two decode steps, keeps the version
 * before, and joins a call that is posted again.
 */
final class FreshetDialect implements Dialect {
  private static final Capabilities CAPABILITIES =
      new Capabilities(EnumSet.allOf(UpdateMode.class), true, true, false);

  @Override
  public String name() {
    return "freshet";
  }

  @Override
  public Capabilities capabilities() {
    return CAPABILITIES;
  }

  @Override
  public Controls controls() {
    return new VllmControls("/v1", false, List.of("/update_weights", "/reload_weights"));
  }

  /** Any phase; the server itself checks the rest. */
  @Override
  public void check(UpdateWeightsRequest request) {}

  @Override
  public boolean hasAdminListener() {
    return true;
  }

  @Override
  public void prepare(AdminCalls calls, Target target) {
    if (target.directory().isPresent()) {
      var _ = calls.freshet(request(target, target.directory(), UpdatePhase.PREPARE));
    }
  }

  @Override
  public Optional<Serving> apply(AdminCalls calls, Target target) {
    AdminResult result =
        target.directory().isPresent()
            ? calls.freshet(request(target, target.directory(), UpdatePhase.COMMIT))
            : calls.freshetBase();
    return Optional.of(Serving.of(result));
  }

  @Override
  public Serving ask(AdminClient server, long expected) {
    return new Serving(Optional.of(server.weightInfo().weightVersion()), Optional.empty());
  }

  @Override
  public String nameOf(Target target) {
    return Long.toString(target.version());
  }

  @Override
  public Generation generation(AdminClient server) {
    return new Generation(GenerationRoute.COMPLETIONS, Generation.Versions.REPORTED);
  }

  /** No update pauses it, but a client may have. */
  @Override
  public void resume(AdminCalls calls) {
    calls.order(UpdatePart.RESUME, "/resume", new byte[0], "resume");
  }

  /** Drops the version if it is prepared, and returns to the one before if it is serving. */
  @Override
  public void undo(AdminCalls calls, Target target) {
    var _ = calls.freshet(request(target, Optional.empty(), UpdatePhase.ROLLBACK));
  }

  /** A call that is posted again joins, so none is ever posted beside another. */
  @Override
  public boolean idle(AdminCalls calls) {
    return true;
  }

  @Override
  public Optional<AdminResult> atOnce(AdminCalls calls, UpdateWeightsRequest request) {
    return Optional.of(calls.freshet(request));
  }

  private static UpdateWeightsRequest request(
      Target target, Optional<String> directory, UpdatePhase phase) {
    return new UpdateWeightsRequest(
        directory,
        OptionalLong.of(target.version()),
        target.mode(),
        phase,
        target.verify(),
        target.force());
  }
}
