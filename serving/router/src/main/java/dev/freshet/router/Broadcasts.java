package dev.freshet.router;

import dev.freshet.fleet.ElasticFleet;
import dev.freshet.fleet.ReplicaStatus;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.wire.ErrorBody;
import java.util.stream.Collectors;

/**
 * Weights that a trainer broadcasts to the servers itself, in an NCCL or NIXL group with them: what
 * prime-rl's client begins with {@code /init_broadcaster}. The front refuses it. A collective ends
 * only when every server has received the weights, so an update by it can be neither prepared nor
 * rolled back, and a server that was restarted is outside the group for good.
 *
 * <p>A client may ignore the refusal. Its updates then name no directory, which is also how the
 * model that the servers were started with is asked for: until an update names one, the front
 * refuses those too, or a run would continue with that model. Thread-safe.
 */
final class Broadcasts {
  /** Not an error of the server, after which clients repeat the call, nor a missing route. */
  private static final int REFUSED = 409;

  private final ElasticFleet fleet;
  private volatile boolean announced;

  Broadcasts(ElasticFleet fleet) {
    this.fleet = fleet;
  }

  /** A client begins a group: refuses it, with what is possible instead. */
  ApiException announced() {
    announced = true;
    return refusal(
        "/init_broadcaster: the front does not put its %d servers into a group with the trainer,"
                .formatted(fleet.replicas().size())
            + " as such an update can be neither rolled back nor repeated for a server that was"
            + " restarted. Set weight_broadcast.type to filesystem, with a directory that all"
            + " servers see; or keep the broadcast and set admin_base_url to the servers ("
            + servers()
            + "), of which each gets its own rank, and only base_url to the front, which then"
            + " relays and follows what they serve");
  }

  /** An update names a directory. */
  void directoryNamed() {
    announced = false;
  }

  /**
   * An update names no directory.
   *
   * @throws ApiException if the client takes it for a broadcast
   */
  void requireNotAnnounced() {
    if (announced) {
      throw refusal(
          "/update_weights without weight_dir: expected a directory, because a client has called"
              + " /init_broadcaster, which the front has refused; for the model that the servers"
              + " were started with, post /reload_weights");
    }
  }

  private String servers() {
    return fleet.replicas().stream().map(ReplicaStatus::server).collect(Collectors.joining(", "));
  }

  private static ApiException refusal(String message) {
    return new ApiException(
        new ApiError(REFUSED, new ErrorBody(message, "invalid_request_error", "no_broadcast")));
  }
}
