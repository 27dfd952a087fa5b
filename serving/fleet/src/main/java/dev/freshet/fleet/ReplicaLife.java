package dev.freshet.fleet;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * The state of one replica and how it changes: {@link ReplicaState} with the incarnation, the
 * version and the reason. A replica gets a new incarnation when its catch-up begins, so that a
 * report about an earlier one cannot remove it. Guarded by the lock of {@link Replicas}.
 */
final class ReplicaLife {
  private ReplicaState state = ReplicaState.QUARANTINED;
  private long incarnation;
  private long revision;
  private long version = -1;
  private boolean routed;
  private boolean suspect;
  private final Map<ReplicaState, Long> setAside = new EnumMap<>(ReplicaState.class);
  private long returns;
  private boolean paused;
  private boolean pausedByClient;
  private long failed = -1;
  private Optional<String> contested = Optional.empty();
  private Optional<String> why = Optional.of("it was not asked yet; the fleet asks it");

  ReplicaState state() {
    return state;
  }

  /** 0 at first; increases with every catch-up. */
  long incarnation() {
    return incarnation;
  }

  /**
   * Increases with every change of its state, and with every order that may change what it answers,
   * before that is sent.
   */
  long revision() {
    return revision;
  }

  /** An order that may change what it answers begins. */
  void ordered() {
    revision++;
  }

  /** The version that it was last known to serve; −1 if it was never known. */
  long version() {
    return version;
  }

  /** Whether it was serving when the current update of the fleet began. */
  boolean routed() {
    return routed;
  }

  /**
   * Whether its weights may be missing or mixed, whatever version it reports: it must load before
   * it is resumed.
   */
  boolean suspect() {
    return suspect;
  }

  void suspect(boolean may) {
    suspect = may;
  }

  /** Whether its generation may be paused. */
  boolean paused() {
    return paused;
  }

  void paused(boolean may) {
    paused = may;
  }

  /** Whether a pause that a client ordered of the fleet was sent to it, and no resume since. */
  boolean pausedByClient() {
    return pausedByClient;
  }

  void pausedByClient(boolean may) {
    pausedByClient = may;
    ordered();
  }

  /** The version of the last update that it failed; −1 once it serves again. */
  long failed() {
    return failed;
  }

  void failed(long target) {
    failed = target;
  }

  /** How often it was set aside in each state; a repetition of the same state does not count. */
  Map<ReplicaState, Long> setAside() {
    return setAside;
  }

  /** How often a catch-up made it serve. */
  long returns() {
    return returns;
  }

  /** Why it is not serving, and who must act; empty in an update and while it serves. */
  Optional<String> why() {
    return why;
  }

  /** That another program changes its weights too, and what to do; empty while none is known to. */
  Optional<String> contested() {
    return contested;
  }

  void contested(Optional<String> line) {
    contested = line;
  }

  /** It serves {@code served} now; a catch-up has resumed it before it returns. */
  void serves(long served) {
    returns += routed ? 0 : 1;
    pausedByClient &= routed;
    become(ReplicaState.SERVING);
    version = served;
    routed = true;
    suspect = false;
    paused = false;
    failed = -1;
    why = Optional.empty();
  }

  /** An update of the fleet begins to change it, or has paused it. */
  void changes(ReplicaState to) {
    become(to);
    paused |= to == ReplicaState.PAUSED;
    why = Optional.empty();
  }

  /** A catch-up begins. */
  void catchesUp() {
    become(ReplicaState.UPDATING);
    routed = false;
    incarnation++;
  }

  /** It does not serve, for the reason {@code because}. */
  void setAside(ReplicaState to, String because) {
    if (to != state) {
      setAside.merge(to, 1L, Long::sum);
    }
    become(to);
    routed = false;
    why = Optional.of(because);
  }

  private void become(ReplicaState to) {
    if (to != state && !state.next().contains(to)) {
      throw new IllegalStateException(
          "replica: %s cannot become %s, expected one of %s".formatted(state, to, state.next()));
    }
    state = to;
    revision++;
  }
}
