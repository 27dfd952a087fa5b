package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateWeightsRequest;
import java.time.Duration;

/** Freshet's server: prepares while it decodes, swaps between two decode steps. */
final class FreshetDialect implements Dialect {
  @Override
  public String name() {
    return "freshet";
  }

  @Override
  public void check(UpdateWeightsRequest request) {}

  @Override
  public AdminResult update(
      AdminClient admin, UpdateWeightsRequest request, TraceId trace, Duration within) {
    return admin.updateWeights(request, trace, within);
  }

  @Override
  public String versionRoute() {
    return "/weight_info";
  }

  @Override
  public boolean hasAdminListener() {
    return true;
  }

  @Override
  public boolean joinsRepeatedUpdates() {
    return true;
  }
}
