package dev.freshet.fleet;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which replicas may receive a new request, at one moment. Immutable; the fleet publishes each
 * change as one reference, so a reader never sees half of an update.
 *
 * @param policyVersion the version that the last committed update made
 * @param routes the replicas that may receive a request, in the order of the configuration
 * @param held how many replicas an update holds back for now: if there are no routes, a request may
 *     wait for one of them
 */
public record RoutingTable(long policyVersion, List<Route> routes, int held) {
  /** No replicas, before the fleet has begun. */
  public static final RoutingTable EMPTY = new RoutingTable(0, List.of(), 0);

  /**
   * A replica that may receive requests.
   *
   * @param dialect the name of its program
   * @param policyVersion the version that it serves
   * @param incarnation tells it from the same address before a catch-up
   * @param model the model that a request must name to get this version, if it is not the one that
   *     the client names: an adapter that is a version of the policy
   */
  public record Route(
      ServerAddress address,
      String dialect,
      long policyVersion,
      long incarnation,
      Optional<String> model) {}

  public RoutingTable {
    routes = List.copyOf(routes);
  }

  /** The routes to replicas that serve {@code least} or a newer version. */
  public List<Route> from(OptionalLong least) {
    return least.isEmpty()
        ? routes
        : routes.stream().filter(route -> route.policyVersion() >= least.getAsLong()).toList();
  }
}
