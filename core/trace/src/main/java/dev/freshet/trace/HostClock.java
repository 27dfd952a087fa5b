package dev.freshet.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The identity of the clock that {@link MonotonicClock#SYSTEM} reads. On Linux all processes of one
 * boot of a host (and one time namespace) read the same clock, so their readings can be compared.
 */
public final class HostClock {
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path NAMESPACE = Path.of("/proc/self/ns/time");
  private static final Optional<String> ID = read();

  private HostClock() {}

  /** Equal in two processes whose readings can be compared; empty where that is unknown. */
  public static Optional<String> id() {
    return ID;
  }

  private static Optional<String> read() {
    try {
      return Optional.of(Files.readString(BOOT).strip() + "/" + Files.readSymbolicLink(NAMESPACE));
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty(); // Not Linux, or /proc is restricted.
    }
  }
}
