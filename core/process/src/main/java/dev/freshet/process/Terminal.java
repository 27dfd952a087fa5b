package dev.freshet.process;

import java.io.PrintStream;
import java.util.Locale;

/**
 * What a person sees of a run: one live line on a terminal, a line now and then otherwise.
 * Thread-safe.
 */
public final class Terminal {
  private static final int PLAIN_EVERY_MS = 5000;

  private final PrintStream out;
  private final boolean live;
  private long lastPlainMillis;
  private boolean open;

  Terminal(PrintStream out, boolean live) {
    this.out = out;
    this.live = live;
  }

  /** The standard output; live if it is a terminal. */
  public static Terminal standard() {
    return new Terminal(
        System.out,
        java.util.Optional.ofNullable(System.console())
            .filter(java.io.Console::isTerminal)
            .isPresent());
  }

  /** A line that stays. */
  public synchronized void say(String format, Object... arguments) {
    endLive();
    out.println(String.format(Locale.ROOT, format, arguments));
    out.flush();
  }

  /** How far something is; replaces what was said so before. */
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
    long now = System.nanoTime() / 1_000_000;
    if (done == total || now - lastPlainMillis >= PLAIN_EVERY_MS) {
      lastPlainMillis = now;
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
