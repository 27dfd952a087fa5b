package dev.freshet.router;

import dev.freshet.fleet.RoutingTable;
import dev.freshet.fleet.RoutingTable.Route;
import dev.freshet.fleet.ServerAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The replicas that may get new requests: those of the fleet's routing table, with what this front
 * knows of them. Immutable, and a view of one table: a change of the fleet, such as the commit of a
 * weight update, is seen whole or not at all.
 */
record Candidates(RoutingTable table, List<Candidate> all) {
  static final Candidates EMPTY = new Candidates(RoutingTable.EMPTY, List.of());

  /** A replica in the table. */
  record Candidate(Upstream upstream, Route route) {}

  Candidates {
    all = List.copyOf(all);
  }

  /** The routes of {@code table} to {@code upstreams}. */
  static Candidates of(RoutingTable table, Map<ServerAddress, Upstream> upstreams) {
    return new Candidates(
        table,
        table.routes().stream()
            .flatMap(
                route ->
                    Optional.ofNullable(upstreams.get(route.address())).stream()
                        .map(upstream -> new Candidate(upstream, route)))
            .toList());
  }

  /** The replicas that may get a request for at least {@code minVersion} now. */
  List<Upstream> of(OptionalLong minVersion, Set<Upstream> except) {
    return all.stream()
        .filter(
            one -> minVersion.isEmpty() || one.route().policyVersion() >= minVersion.getAsLong())
        .map(Candidate::upstream)
        .filter(upstream -> upstream.isRoutable() && !except.contains(upstream))
        .toList();
  }

  /** Its route, while it may get requests. */
  Optional<Route> route(Upstream upstream) {
    return all.stream().filter(one -> one.upstream() == upstream).map(Candidate::route).findFirst();
  }

  /** Whether an update or a pause holds replicas back that will get requests again. */
  boolean isHeld() {
    return table.held() > 0;
  }
}
