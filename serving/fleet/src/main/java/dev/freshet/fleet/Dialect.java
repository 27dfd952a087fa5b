package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateWeightsRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The protocol by which one inference server program updates its weights. Everything that differs
 * between programs is behind this interface; no code outside the implementations compares dialects.
 * {@link Dialects} lists them. Stateless.
 */
public interface Dialect {
  /** The program's name, as on the command line and in reports. */
  String name();

  /**
   * Rejects an update that this program cannot carry out.
   *
   * @throws dev.freshet.wire.WireException with the field, the value and what is allowed
   */
  void check(UpdateWeightsRequest request);

  /**
   * Inspects on this host, before any server is paused, the checkpoint of an update that {@link
   * #check} accepts. Done once for all servers of the update.
   *
   * @return what was inspected; empty if the program itself verifies before it pauses
   * @throws FleetException naming the file or tensor, what was found and what was expected
   */
  default Optional<CheckpointInspection> inspect(
      UpdateWeightsRequest request, List<AdminClient> servers) {
    return Optional.empty();
  }

  /**
   * Carries out an update, once.
   *
   * @param within the deadline, the wait for the lane included. A call that must follow one that
   *     changed the server (such as a resume) is made even after it.
   * @throws AdminException if the server refused it, failed, or did not answer in time
   */
  AdminResult update(
      AdminClient admin, UpdateWeightsRequest request, TraceId trace, Duration within);

  /** The route whose JSON answer names the served version in the field {@code weight_version}. */
  String versionRoute();

  /**
   * Whether weight operations have a listener of their own, which cannot be told from the address
   * of the one for completions.
   */
  boolean hasAdminListener();

  /**
   * Whether an update that is posted again under its trace id joins the running one. If not, it
   * must not be posted again once the server may have received it.
   */
  boolean joinsRepeatedUpdates();

  /**
   * The policy version that the server generates with; empty if it is not a number or the server
   * does not report one.
   *
   * @throws AdminException if the server cannot be asked
   */
  default OptionalLong servingVersion(AdminClient admin) {
    try {
      return OptionalLong.of(Long.parseLong(admin.weightInfo(versionRoute()).weightVersion()));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    } catch (AdminException e) {
      if (e.status() == 404) {
        return OptionalLong.empty();
      }
      throw e;
    }
  }
}
