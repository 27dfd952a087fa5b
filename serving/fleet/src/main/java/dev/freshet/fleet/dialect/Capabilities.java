package dev.freshet.fleet.dialect;

import dev.freshet.wire.UpdateMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a program can do in an update of a fleet. What it cannot do is done differently, and said in
 * the answer of the update.
 *
 * @param modes what may happen to running completions
 * @param prepares whether it makes weights ready beside its traffic, so that applying them is
 *     instant; otherwise it loads while it is paused
 * @param retains whether it keeps the replaced version and can return to it at once; otherwise the
 *     earlier checkpoint must be loaded again
 * @param salts whether cached prefixes of an earlier version must be kept from new requests by
 *     their {@code cache_salt}, because a load leaves them in the cache
 */
public record Capabilities(
    Set<UpdateMode> modes, boolean prepares, boolean retains, boolean salts) {
  public Capabilities {
    modes = Collections.unmodifiableSet(EnumSet.copyOf(modes));
  }

  /** What it cannot do, and what is done instead, a phrase each. */
  public List<String> limits() {
    List<String> limits = new ArrayList<>();
    if (!prepares) {
      limits.add("it is paused while it loads weights");
    }
    if (!retains) {
      limits.add("it returns to an earlier version only by loading it");
    }
    return limits;
  }
}
