package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateWeightsRequest;
import java.util.OptionalLong;

/**
 * How one inference server program is asked to serve other weights. Everything that differs between
 * programs is behind this interface; {@link Dialects} lists the implementations. Stateless.
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
   * Carries out an update.
   *
   * @throws AdminException if the server refused it, failed, or did not answer in time
   */
  AdminResult update(AdminClient admin, UpdateWeightsRequest request, TraceId trace);

  /** The route whose answer has the served version in the field {@code weight_version}. */
  String versionRoute();

  /**
   * Whether an update posted again under its trace id joins the one that is running. Otherwise it
   * must not be repeated once the server may have seen it.
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
