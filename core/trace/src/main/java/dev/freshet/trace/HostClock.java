package dev.freshet.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which clock {@link MonotonicClock#SYSTEM} reads. On Linux all processes between two boots of a
 * host (and within one time namespace) read the same one, so that their readings may be compared.
 */
public final class HostClock {
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path NAMESPACE = Path.of("/proc/self/ns/time");
  private static final Optional<String> ID = read();

  private HostClock() {}

  /** Equal in two processes whose readings may be compared; empty where that cannot be known. */
  public static Optional<String> id() {
    return ID;
  }

  private static Optional<String> read() {
    try {
      return Optional.of(Files.readString(BOOT).strip() + "/" + Files.readSymbolicLink(NAMESPACE));
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty(); // Not Linux, or one that hides it.
    }
  }
}
