package dev.freshet.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files of a tokenizer, whose size is bounded. */
final class TokenizerFile {
  /** Several times as large as that of any published model. */
  private static final long MOST_BYTES = 128 << 20;

  private TokenizerFile() {}

  /**
   * The content of a file.
   *
   * @throws TokenizerException if the file is too large
   */
  static byte[] read(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MOST_BYTES) {
      throw new TokenizerException(
          "tokenizer %s: %d bytes: expected at most %d".formatted(file, size, MOST_BYTES));
    }
    return Files.readAllBytes(file);
  }
}
