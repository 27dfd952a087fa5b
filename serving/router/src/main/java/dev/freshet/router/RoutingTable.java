package dev.freshet.router;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The replicas that may get new requests, with the policy version that each serves. Immutable: a
 * change, such as the commit of a weight update, publishes another table as one reference.
 */
record RoutingTable(List<Target> targets) {
  static final RoutingTable EMPTY = new RoutingTable(List.of());

  /**
   * A replica in the table.
   *
   * @param policyVersion the version that it serves; empty if it says no number
   */
  record Target(Upstream upstream, OptionalLong policyVersion) {
    boolean serves(OptionalLong minVersion) {
      return minVersion.isEmpty()
          || (policyVersion.isPresent() && policyVersion.getAsLong() >= minVersion.getAsLong());
    }
  }

  RoutingTable {
    targets = List.copyOf(targets);
  }

  /** The replicas that may get a request for at least {@code minVersion} now. */
  List<Upstream> candidates(OptionalLong minVersion, Set<Upstream> except) {
    return targets.stream()
        .filter(target -> target.serves(minVersion))
        .map(Target::upstream)
        .filter(upstream -> upstream.isRoutable() && !except.contains(upstream))
        .toList();
  }
}
