package dev.freshet.process;

import dev.freshet.trace.MonotonicClock;
import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The console output of a run: one live progress line on a terminal, otherwise a progress line
 * every {@value #PLAIN_EVERY_MS} ms. Thread-safe.
 */
public final class Terminal {
  private static final int PLAIN_EVERY_MS = 5000;
  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(PLAIN_EVERY_MS);

  private final PrintStream out;
  private final boolean live;
  private final MonotonicClock clock;
  private long lastPlainNanos;
  private boolean open;

  Terminal(PrintStream out, boolean live, MonotonicClock clock) {
    this.out = out;
    this.live = live;
    this.clock = clock;
    this.lastPlainNanos = clock.nanos() - EVERY_NANOS;
  }

  /** The standard output; live if it is a terminal. */
  public static Terminal standard() {
    return new Terminal(
        System.out,
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent(),
        MonotonicClock.SYSTEM);
  }

  /** Prints a line. */
  public synchronized void say(String format, Object... arguments) {
    endLive();
    out.println(String.format(Locale.ROOT, format, arguments));
    out.flush();
  }

  /** Reports progress; a live line replaces the one before it. */
  public synchronized void progress(
      String label, long done, long total, String format, Object... arguments) {
    String text =
        "%-9s %4d/%-4d %s"
            .formatted(label, done, total, String.format(Locale.ROOT, format, arguments));
    if (live) {
      out.print("\r\u001b[K" + bar(done, total) + " " + text);
      out.flush();
      open = true;
      return;
    }
    long now = clock.nanos();
    if (done == total || now - lastPlainNanos >= EVERY_NANOS) {
      lastPlainNanos = now;
      out.println(text);
      out.flush();
    }
  }

  private static String bar(long done, long total) {
    int width = 20;
    int filled = (int) (width * done / Math.max(1, total));
    return "█".repeat(filled) + "░".repeat(width - filled);
  }

  private void endLive() {
    if (open) {
      out.println();
      open = false;
    }
  }
}
