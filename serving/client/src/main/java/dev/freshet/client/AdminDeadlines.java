package dev.freshet.client;

import java.time.Duration;

/**
 * How long an admin call may take, part by part.
 *
 * @param connect name lookup and TCP connection
 * @param write handing the request to the connection
 * @param update from the request written to the whole answer of {@code /update_weights} and {@code
 *     /reload_weights}; also how long such a call waits for the one before it
 * @param pause the same for {@code /pause} and {@code /resume}
 * @param probe the same for {@code /health}, {@code /weight_info} and {@code /is_paused}
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

  public AdminDeadlines {
    for (Duration deadline : new Duration[] {connect, write, update, pause, probe}) {
      if (!deadline.isPositive()) {
        throw new IllegalArgumentException("admin deadline: expected more than 0, got " + deadline);
      }
    }
  }
}
