package dev.freshet.environments;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shell that kills processes once this one has ended, whatever ended it: it reads their ids from
 * a pipe, and the end of the pipe is the end of this process. Without {@code /bin/sh}, or once the
 * shell has been killed, nothing is guarded. Thread-safe; the owner closes it, which kills what is
 * guarded.
 */
final class Watchdog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

  /** Signals for a terminal's whole group must not end it first. */
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      guarded=' '
      while read -r order pid; do
        case "$order$guarded" in
          +*) guarded="$guarded$pid " ;;
          -*" $pid "*) guarded="${guarded%% $pid *} ${guarded#* $pid }" ;;
        esac
      done
      for pid in $guarded; do kill -9 "$pid"; done
      """;

  private Optional<OutputStream> orders;

  private Watchdog(Optional<OutputStream> orders) {
    this.orders = orders;
  }

  /** Starts the shell. */
  static Watchdog start() {
    try {
      Process shell =
          new ProcessBuilder(List.of("/bin/sh", "-c", SCRIPT))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return new Watchdog(Optional.of(shell.getOutputStream()));
    } catch (IOException e) {
      LOG.warn(
          "/bin/sh cannot be started: programs of the environment outlive this process if it is killed: {}",
          e.getMessage());
      return new Watchdog(Optional.empty());
    }
  }

  /** A process is to be killed when this one has ended. */
  void guard(long pid) {
    order("+ " + pid);
  }

  /** A process has ended, or is to live on. */
  void release(long pid) {
    order("- " + pid);
  }

  private synchronized void order(String line) {
    if (orders.isEmpty()) {
      return;
    }
    try {
      orders.get().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
      orders.get().flush();
    } catch (IOException e) {
      LOG.warn(
          "the watchdog has ended: programs of the environment outlive this process if it is killed: {}",
          e.getMessage());
      orders = Optional.empty();
    }
  }

  @Override
  public synchronized void close() {
    try {
      if (orders.isPresent()) {
        orders.get().close();
      }
    } catch (IOException e) {
      LOG.debug("the watchdog had ended: {}", e.getMessage());
    }
    orders = Optional.empty();
  }
}
