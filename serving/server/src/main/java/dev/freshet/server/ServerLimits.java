package dev.freshet.server;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.freshet.http.HttpLimits;
import dev.freshet.server.session.SessionLimits;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * Resource limits of an inference server. A client that is refused or disconnected at a limit does
 * not slow other clients' streams.
 *
 * @param http the limits of each listener
 * @param dataThreads event loops of the data listener
 * @param maxConnections data connections; a further one is answered 503 and closed. The default is
 *     the process's limit of open files minus {@value #RESERVED_FILES}, which are reserved for the
 *     admin lane, checkpoints and logs, but at least half of that limit
 * @param maxAdminConnections admin connections; when a further one arrives, the one idle longest is
 *     closed. Requests that may take long to answer have shares of them: watchers a quarter, pauses
 *     and posts of weight operations 48 each. With the default there is thus always an idle one, so
 *     an update always gets a connection
 * @param maxHeldBytes about how many bytes of a stream are buffered for a slow reader, in addition
 *     to the buffers of its connection; a reader further behind is disconnected
 * @param maxAllHeldBytes the same for all streams together, divided evenly among the event loops;
 *     above it the stream that buffers most is disconnected
 * @param completions the limits of completion requests
 * @param sessions the limits of sessions
 * @param update how long a weight operation or a pause may take
 * @param drain how long {@link EngineServer#close} lets running completions continue
 * @param close how long {@link EngineServer#close} waits for the streams, and how long for the
 *     current weight operation
 */
public record ServerLimits(
    HttpLimits http,
    int dataThreads,
    int maxConnections,
    int maxAdminConnections,
    int maxHeldBytes,
    long maxAllHeldBytes,
    CompletionLimits completions,
    SessionLimits sessions,
    Duration update,
    Duration drain,
    Duration close) {
  private static final int RESERVED_FILES = 1024;

  /**
   * The default HTTP limits; 1 event loop; connections as open files allow, 256 admin connections;
   * 1 MiB held a stream, 128 MiB for all; 600 s an update, nothing to drain, 10 s to close.
   */
  public static final ServerLimits DEFAULT =
      new ServerLimits(
          HttpLimits.DEFAULT,
          1,
          connections(),
          256,
          1 << 20,
          128L << 20,
          CompletionLimits.DEFAULT,
          SessionLimits.DEFAULT,
          Duration.ofSeconds(600),
          Duration.ZERO,
          Duration.ofSeconds(10));

  /** The same with another time to drain. */
  ServerLimits draining(Duration within) {
    return new ServerLimits(
        http,
        dataThreads,
        maxConnections,
        maxAdminConnections,
        maxHeldBytes,
        maxAllHeldBytes,
        completions,
        sessions,
        update,
        within,
        close);
  }

  /** How many clients may watch the events at once. */
  int maxWatchers() {
    return Math.max(1, maxAdminConnections / 4);
  }

  private static int connections() {
    if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix)) {
      return Integer.MAX_VALUE;
    }
    long files = unix.getMaxFileDescriptorCount();
    return (int) Math.min(Integer.MAX_VALUE, Math.max(files / 2, files - RESERVED_FILES));
  }
}
