package dev.freshet.analysis.read;

import java.io.IOException;

/** Where a scanner's bytes come from. */
@FunctionalInterface
public interface ByteInput {
  /**
   * Reads at least one byte into {@code into}, at most {@code length}.
   *
   * @return how many, or -1 if there are none now
   */
  int read(byte[] into, int offset, int length) throws IOException;
}
