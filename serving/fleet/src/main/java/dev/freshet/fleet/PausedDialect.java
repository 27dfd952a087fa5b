package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import dev.freshet.wire.WireException;
import java.time.Duration;

/** A program that is paused, loads a checkpoint from disk and resumes, see {@link PausedUpdate}. */
abstract class PausedDialect implements Dialect {
  /** The calls of an update that {@link #check} accepts. */
  abstract PausedUpdate.Plan plan(UpdateWeightsRequest request, AdminDeadlines deadlines);

  /** Rejects options of Freshet servers, and an update without a directory or a version. */
  @Override
  public void check(UpdateWeightsRequest request) {
    refuse(
        request.phase() != UpdatePhase.ALL,
        "phase: expected all for a %s server, got '%s'",
        name(),
        request.phase().wireName());
    refuse(
        request.weightDir().isEmpty(),
        "weight_dir: expected a directory for a %s server, got nothing",
        name());
    refuse(
        request.step().isEmpty(),
        "step: expected the version of the checkpoint for a %s server, got nothing",
        name());
    refuse(
        request.verify() != VerifyLevel.FULL,
        "verify: expected full for a %s server, got '%s'",
        name(),
        request.verify().wireName());
    refuse(request.force(), "force: expected false for a %s server, got true", name());
  }

  /**
   * @throws WireException with the message if the request is {@code wrong}
   */
  static void refuse(boolean wrong, String message, Object... values) {
    if (wrong) {
      throw new WireException(message.formatted(values));
    }
  }

  @Override
  public String versionRoute() {
    return "/weight_info";
  }

  /** A load that is posted again would start twice. */
  @Override
  public final boolean joinsRepeatedUpdates() {
    return false;
  }

  @Override
  public final AdminResult update(
      AdminClient admin, UpdateWeightsRequest request, TraceId trace, Duration within) {
    check(request);
    return PausedUpdate.run(plan(request, admin.deadlines()), admin, request, trace, within);
  }
}
