package dev.freshet.http;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * What the front bears. A client that is refused or dropped for a limit costs no other client a
 * token.
 *
 * @param dataThreads event loops of the data listener
 * @param maxConnections data connections at once; one more is answered 503 and closed. The default
 *     is the process's limit of open files less {@value #RESERVED_FILES}, which are for the admin
 *     lane, checkpoints and logs; of a limit below twice that, half
 * @param maxAdminConnections admin connections at once; when one more comes, the one that has been
 *     without a request longest is closed
 * @param maxBodyBytes the largest request body; a larger one is answered 413
 * @param maxAllBodyBytes the bodies that a listener's connections hold together before their
 *     requests are taken up; what would exceed it is answered 503
 * @param maxHeldBytes how much of a stream is held, about, for a reader that does not take it; a
 *     reader that falls further behind is dropped. Beside it, a connection has at most {@value
 *     Listener#SEND_BUFFER_BYTES} bytes with the kernel and {@value Listener#UNSENT_BYTES} and an
 *     event before it
 * @param maxAllHeldBytes the same for all streams together, evenly over the event loops; beyond it
 *     the stream that holds most is dropped
 * @param idle how long a connection without a request may send nothing, or a request stand still
 * @param update how long the engine may take over a weight operation
 * @param close how long ending the streams and the weight operation in progress may take
 */
public record FrontLimits(
    int dataThreads,
    int maxConnections,
    int maxAdminConnections,
    int maxBodyBytes,
    long maxAllBodyBytes,
    int maxHeldBytes,
    long maxAllHeldBytes,
    Duration idle,
    Duration update,
    Duration close) {
  private static final int RESERVED_FILES = 1024;

  /**
   * 1 loop; connections as open files allow, 256 admin connections; 16 MiB a body, 256 MiB all of
   * them; 1 MiB held a stream, 128 MiB for all; 75 s idle, 600 s an update, 10 s to close.
   */
  public static final FrontLimits DEFAULT =
      new FrontLimits(
          1,
          connections(),
          256,
          16 << 20,
          256L << 20,
          1 << 20,
          128L << 20,
          Duration.ofSeconds(75),
          Duration.ofSeconds(600),
          Duration.ofSeconds(10));

  private static int connections() {
    if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix)) {
      return Integer.MAX_VALUE;
    }
    long files = unix.getMaxFileDescriptorCount();
    return (int) Math.min(Integer.MAX_VALUE, Math.max(files / 2, files - RESERVED_FILES));
  }
}
