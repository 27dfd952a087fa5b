package dev.freshet.analysis.read;

import java.io.IOException;

/** A source of bytes for a scanner. */
@FunctionalInterface
public interface ByteInput {
  /**
   * Reads at least one byte into {@code into}, at most {@code length}.
   *
   * @return the number read, or -1 if there are none now
   */
  int read(byte[] into, int offset, int length) throws IOException;
}
