package dev.freshet.client;

import java.time.Duration;

/**
 * The deadlines of admin calls. {@code connect} and {@code write} bound a step of every call; the
 * others bound the whole call, from the name lookup to the last byte of the answer.
 *
 * @param connect name lookup and TCP connection
 * @param write handing the request to the kernel
 * @param update a weight operation, the wait for the lane included, unless its caller sets another
 *     deadline
 * @param pause {@code /pause} and {@code /resume}; such a call waits as long for the lane
 * @param probe any GET; such a call waits as long for the lane
 */
public record AdminDeadlines(
    Duration connect, Duration write, Duration update, Duration pause, Duration probe) {
  /** 10 s to connect and to write, 720 s for an update, 300 s for a pause, 10 s for a probe. */
  public static final AdminDeadlines DEFAULT =
      new AdminDeadlines(
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofSeconds(720),
          Duration.ofSeconds(300),
          Duration.ofSeconds(10));

  /** Every deadline is {@code each}. */
  public static AdminDeadlines all(Duration each) {
    return new AdminDeadlines(each, each, each, each, each);
  }

  public AdminDeadlines {
    for (Duration deadline : new Duration[] {connect, write, update, pause, probe}) {
      if (!deadline.isPositive()) {
        throw new IllegalArgumentException("admin deadline: expected more than 0, got " + deadline);
      }
    }
  }
}
