package dev.freshet.router;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The replicas that may get new requests, with the policy version that each serves. Immutable: a
 * change, such as the commit of a weight update, publishes another table as one reference.
 */
record Candidates(List<Candidate> all) {
  static final Candidates EMPTY = new Candidates(List.of());

  /**
   * A replica in the table.
   *
   * @param policyVersion the version that it serves; empty if it says no number
   */
  record Candidate(Upstream upstream, OptionalLong policyVersion) {
    boolean serves(OptionalLong minVersion) {
      return minVersion.isEmpty()
          || (policyVersion.isPresent() && policyVersion.getAsLong() >= minVersion.getAsLong());
    }
  }

  Candidates {
    all = List.copyOf(all);
  }

  /** The replicas that may get a request for at least {@code minVersion} now. */
  List<Upstream> of(OptionalLong minVersion, Set<Upstream> except) {
    return all.stream()
        .filter(candidate -> candidate.serves(minVersion))
        .map(Candidate::upstream)
        .filter(upstream -> upstream.isRoutable() && !except.contains(upstream))
        .toList();
  }
}
