package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminException;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats a call that does no harm if it is made twice, while its outcome is unclear: the
 * connection broke, or the server answered 5xx. A refusal (4xx), a call that never reached the
 * server, and a closed or interrupted client end it.
 */
final class Repeat {
  private static final Logger LOG = LoggerFactory.getLogger(Repeat.class);
  private static final Duration FIRST_BACKOFF = Duration.ofMillis(50);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(2);

  private Repeat() {}

  /** A call that may be made twice. */
  interface Call<T> {
    T make();
  }

  /**
   * @param left the time that is left
   * @throws AdminException the last error, once no time is left for another try
   */
  static <T> T whileUnclear(Call<T> call, Supplier<Duration> left) {
    Duration backoff = FIRST_BACKOFF;
    while (true) {
      try {
        return call.make();
      } catch (AdminException e) {
        boolean refused = e.status() >= 400 && e.status() < 500;
        boolean aborted = e.code().equals("shut_down") || e.code().equals("silent");
        boolean ended = aborted || Thread.currentThread().isInterrupted();
        if (refused || ended || e.neverHandled() || left.get().compareTo(backoff) <= 0) {
          throw e;
        }
        LOG.warn("asking again in {} ms: {}", backoff.toMillis(), e.getMessage());
        sleep(backoff, e);
      }
      Duration doubled = backoff.multipliedBy(2);
      backoff = doubled.compareTo(MAX_BACKOFF) < 0 ? doubled : MAX_BACKOFF;
    }
  }

  private static void sleep(Duration time, AdminException failure) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure;
    }
  }
}
