package dev.freshet.lab.route;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Clients that leave a stream in which nothing is sent. */
final class SilentClients {
  private static final int COUNT = 20;

  /** Clients before those, while the front still cleans up after the load. */
  private static final int WARM_UP = 20;

  private static final long NOTICED_MS = 2000;
  private static final long POLL_MS = 1;
  private static final int READ_MS = 10_000;

  /** The bytes {@code \r\n\r\n} as a number. */
  private static final int END_OF_HEAD = 0x0D0A0D0A;

  private SilentClients() {}

  /**
   * The longest time from the end of a client to the end of the replica's connection, in
   * milliseconds; NaN if one was not noticed.
   */
  static double longestMs(URI front, List<StampedReplica> replicas)
      throws IOException, InterruptedException {
    List<Double> all = new ArrayList<>();
    for (int i = 0; i < WARM_UP + COUNT; i++) {
      replicas.forEach(replica -> replica.silentEnds().clear());
      OptionalLong nanos = leave(front, replicas);
      if (nanos.isEmpty()) {
        return Double.NaN;
      }
      if (i >= WARM_UP) {
        all.add(nanos.getAsLong() / 1e6);
      }
    }
    return all.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
  }

  /** Reads all that comes: over unread bytes, closing would reset the connection. */
  private static boolean readHead(InputStream in) throws IOException {
    int last = 0;
    while (last != END_OF_HEAD) {
      int next = in.read();
      if (next < 0) {
        return false;
      }
      last = last << Byte.SIZE | next;
    }
    return true;
  }

  private static OptionalLong leave(URI front, List<StampedReplica> replicas)
      throws IOException, InterruptedException {
    long left;
    try (Socket client = new Socket(front.getHost(), front.getPort())) {
      client.setSoTimeout(READ_MS);
      client.getOutputStream().write(StampedLoad.request(front, StampedReplica.SILENT));
      if (!readHead(client.getInputStream())) {
        return OptionalLong.empty();
      }
      left = System.nanoTime();
    }
    long end = left + TimeUnit.MILLISECONDS.toNanos(NOTICED_MS);
    while (System.nanoTime() - end < 0) {
      for (StampedReplica replica : replicas) {
        Long noticed = replica.silentEnds().poll();
        if (noticed != null) {
          return OptionalLong.of(noticed - left);
        }
      }
      Thread.sleep(POLL_MS);
    }
    return OptionalLong.empty();
  }
}
