package dev.freshet.router;

import java.util.Locale;

/**
 * Whether a replica takes new requests, by what happened to requests and probes. Only errors of the
 * transport count: any HTTP answer, also 4xx, 429 and 503, is a sign of life, and no stream is too
 * long. A replica that could not be reached, broke several requests in a row or failed several
 * probes in a row is down. A probe that succeeds puts it on trial: it gets one request at a time
 * until it has answered one, or a stream that outlived the outage continues. Thread-safe.
 */
final class UpstreamHealth {
  /** The states. */
  enum State {
    DOWN(0),
    TRIAL(1),
    UP(2);

    private final int value;

    State(int value) {
      this.value = value;
    }

    /** Its value in the metric {@code freshet_route_upstream_state}. */
    int value() {
      return value;
    }

    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final int failuresToDown;
  private final Runnable changed;
  private volatile State state = State.UP;
  private volatile int broken;
  private int failedProbes;
  private volatile String reason = "";

  /**
   * @param failuresToDown how many requests in a row, or probes in a row, must fail
   * @param changed called after each change of the state, on the thread that changed it
   */
  UpstreamHealth(int failuresToDown, Runnable changed) {
    this.failuresToDown = failuresToDown;
    this.changed = changed;
  }

  State state() {
    return state;
  }

  /** Why it is down or on trial; empty while it is up. */
  String reason() {
    return reason;
  }

  /** A request got the first byte of its answer. */
  void answered() {
    if (broken > 0 || state != State.UP) {
      become(State.UP, "", 0);
    }
  }

  /**
   * An answer that has begun continues. It ends a trial, which would otherwise wait for the end of
   * every stream that outlived the outage; a replica that is down stays so, as its probes fail.
   */
  void continued() {
    if (state == State.TRIAL) {
      become(State.UP, "", 0);
    }
  }

  /** No request is in flight. On trial it takes one that waits, if the last was not answered. */
  void idle() {
    if (state == State.TRIAL) {
      changed.run();
    }
  }

  /** A request could not be sent: nothing listens there, or no path leads there. */
  void unreachable(String why) {
    become(State.DOWN, why, broken);
  }

  /** The connection broke under a request. */
  void broke(String why) {
    boolean down;
    synchronized (this) {
      broken++;
      down = broken >= failuresToDown || state == State.TRIAL;
    }
    if (down) {
      become(State.DOWN, why, 0);
    }
  }

  /** A probe was answered. */
  void probeAnswered() {
    boolean wasDown;
    synchronized (this) {
      failedProbes = 0;
      wasDown = state == State.DOWN;
    }
    if (wasDown) {
      become(State.TRIAL, reason, 0);
    }
  }

  /** A probe was not answered, or with an error of the server. */
  void probeFailed(String why) {
    boolean down;
    synchronized (this) {
      failedProbes++;
      down = failedProbes >= failuresToDown;
    }
    if (down) {
      become(State.DOWN, why, broken);
    }
  }

  private void become(State next, String why, int brokenNow) {
    boolean news;
    synchronized (this) {
      news = state != next;
      state = next;
      reason = why;
      broken = brokenNow;
    }
    if (news) {
      changed.run();
    }
  }
}
