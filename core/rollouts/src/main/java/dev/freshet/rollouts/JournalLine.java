package dev.freshet.rollouts;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A record of the journal as a line: a JSON object whose last field, {@code crc}, is the CRC-32C of
 * the bytes before it. Numbers survive to the last bit, the sign of zero too; infinities and NaN
 * are written as strings, and every NaN is read as the canonical one.
 */
final class JournalLine {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String CRC = ",\"crc\":\"";
  private static final String END = "\"}";
  private static final int TAIL = CRC.length() + Integer.BYTES * 2 + END.length();

  private JournalLine() {}

  /** The bytes of a line, including its line feed. */
  static byte[] of(JournalRecord journaled) {
    byte[] json = JSON.writeValueAsBytes(RecordWriter.fields(journaled));
    int open = json.length - 1; // Without the brace, which follows the checksum.
    byte[] tail =
        "%s%s%s\n".formatted(CRC, checksum(json, open), END).getBytes(StandardCharsets.US_ASCII);
    byte[] line = Arrays.copyOf(json, open + tail.length);
    System.arraycopy(tail, 0, line, open, tail.length);
    return line;
  }

  private static String checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return "%08x".formatted(crc.getValue());
  }

  /**
   * Reads a line; empty if it is not as it was written.
   *
   * @param line without its line feed
   */
  static Optional<JournalRecord> parse(byte[] line) {
    int open = line.length - TAIL;
    if (open <= 0) {
      return Optional.empty();
    }
    String tail = new String(line, open, TAIL, StandardCharsets.US_ASCII);
    if (!tail.equals(CRC + checksum(line, open) + END)) {
      return Optional.empty();
    }
    try {
      return Optional.of(RecordReader.journaled(WrittenFields.parse(line)));
    } catch (JacksonException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
