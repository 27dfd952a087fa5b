package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import java.util.Comparator;
import java.util.Optional;

/**
 * The weights that all replicas of a fleet are to serve, and the name that a client has given them.
 * A fleet without weights of its own leaves each replica those it has. Thread-safe.
 */
final class FleetWeights {
  private volatile Optional<Target> current = Optional.empty();
  private volatile Optional<Named> named = Optional.empty();

  /** The name that a client has given the weights of one update. */
  private record Named(Target target, String name) {}

  /** The weights of the fleet; empty while each replica keeps its own. */
  Optional<Target> current() {
    return current;
  }

  void current(Optional<Target> weights) {
    current = weights;
  }

  /**
   * Names the weights, until there are others.
   *
   * @throws OrderException if the fleet has none of its own
   */
  void name(String name) {
    named =
        Optional.of(
            new Named(
                current.orElseThrow(
                    () ->
                        new OrderException(
                            OrderException.Kind.CONFLICT,
                            "the fleet has no weights of an update yet that could be named")),
                name));
  }

  /**
   * Their name, or the policy version in words; of a fleet without weights of its own the oldest
   * version that is served, {@code default} if none is known.
   */
  String inWords(RoutingTable table) {
    Optional<Target> now = current;
    Optional<String> name =
        named.filter(n -> now.filter(n.target()::equals).isPresent()).map(Named::name);
    return now.isPresent()
        ? name.orElseGet(() -> Long.toString(table.policyVersion()))
        : table.routes().stream()
            .map(RoutingTable.Route::policyVersion)
            .min(Comparator.naturalOrder())
            .filter(version -> version >= 0)
            .map(version -> Long.toString(version))
            .orElse("default");
  }
}
