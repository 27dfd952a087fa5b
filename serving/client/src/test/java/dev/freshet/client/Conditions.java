package dev.freshet.client;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for conditions, and addresses without a server. */
public final class Conditions {
  private Conditions() {}

  /** Polls until {@code condition} holds; fails after 30 s without it. */
  public static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("did not happen within 30 s: " + what);
      }
      Thread.sleep(1);
    }
  }

  /** A port of the loopback interface that refuses connections. */
  public static int refusedPort() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return taken.getLocalPort();
    }
  }

  /** The URL of a server that refuses connections. */
  public static URI refusedUrl() throws Exception {
    return URI.create("http://127.0.0.1:" + refusedPort());
  }
}
