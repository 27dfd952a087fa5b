package dev.freshet.fleet;

import java.util.Optional;

/**
 * The state of one replica and how it changes: {@link ReplicaState} with the incarnation, the
 * version and the reason. A replica gets a new incarnation when its catch-up begins, so that a
 * report about an earlier one cannot remove it. Guarded by the fleet's lock.
 */
final class ReplicaLife {
  private ReplicaState state;
  private long incarnation = 1;
  private long version;
  private Optional<String> model = Optional.empty();
  private Optional<String> why = Optional.empty();

  ReplicaLife(ReplicaState first) {
    this.state = first;
  }

  ReplicaState state() {
    return state;
  }

  /** From 1; increases with every catch-up. */
  long incarnation() {
    return incarnation;
  }

  /** The version that it was last known to serve. */
  long version() {
    return version;
  }

  /** The name under which its program serves that version, if it is not the model's own. */
  Optional<String> model() {
    return model;
  }

  /** Why it is not serving, and who must act; empty in an update and while it serves. */
  Optional<String> why() {
    return why;
  }

  /** It serves {@code served} now. */
  void serves(long served, Optional<String> under) {
    become(ReplicaState.SERVING);
    version = served;
    model = under;
    why = Optional.empty();
  }

  /** An update begins to change it, or has paused it. */
  void changes(ReplicaState to) {
    become(to);
    why = Optional.empty();
  }

  /** A catch-up begins. */
  void catchesUp() {
    become(ReplicaState.UPDATING);
    incarnation++;
  }

  /** It does not serve, for the reason {@code because}. */
  void setAside(ReplicaState to, String because) {
    become(to);
    why = Optional.of(because);
  }

  private void become(ReplicaState to) {
    if (to != state && !state.next().contains(to)) {
      throw new IllegalStateException(
          "replica: %s cannot become %s, expected one of %s".formatted(state, to, state.next()));
    }
    state = to;
  }
}
