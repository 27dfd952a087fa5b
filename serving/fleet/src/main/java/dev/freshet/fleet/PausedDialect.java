package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateWeightsRequest;
import java.time.Duration;

/** A program that is paused, loads a checkpoint from disk and resumes, see {@link PausedUpdate}. */
abstract class PausedDialect implements Dialect {
  /** The calls of an update that {@link #check} accepts. */
  abstract PausedUpdate.Plan plan(UpdateWeightsRequest request, AdminDeadlines deadlines);

  @Override
  public void check(UpdateWeightsRequest request) {
    PausedUpdate.require(this, request);
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
