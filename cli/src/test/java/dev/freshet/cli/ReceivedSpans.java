package dev.freshet.cli;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads what of a request of the OpenTelemetry protocol tests ask for, by the field numbers of its
 * {@code trace.proto}.
 */
final class ReceivedSpans {
  /**
   * A span; times are nanoseconds since the epoch, {@code kind} is 1 internal, 2 server, 3 client.
   */
  record Received(
      String service,
      String traceId,
      String spanId,
      String parent,
      String name,
      int kind,
      long start,
      long end) {}

  private ReceivedSpans() {}

  static List<Received> of(byte[] request) {
    List<Received> spans = new ArrayList<>();
    for (byte[] ofResource : messages(request).getOrDefault(1, List.of())) {
      Map<Integer, List<byte[]>> fields = messages(ofResource);
      String service = service(first(fields, 1));
      for (byte[] ofScope : fields.getOrDefault(2, List.of())) {
        messages(ofScope).getOrDefault(2, List.of()).forEach(s -> spans.add(span(service, s)));
      }
    }
    return spans;
  }

  private static String service(byte[] resource) {
    byte[] attribute = first(messages(resource), 1);
    return text(first(messages(first(messages(attribute), 2)), 1));
  }

  private static Received span(String service, byte[] message) {
    Map<Integer, List<byte[]>> fields = messages(message);
    return new Received(
        service,
        hex(first(fields, 1)),
        hex(first(fields, 2)),
        hex(first(fields, 4)),
        text(first(fields, 5)),
        (int) number(first(fields, 6)),
        number(first(fields, 7)),
        number(first(fields, 8)));
  }

  /** The fields of a message by number: bytes as they are, numbers as eight bytes. */
  private static Map<Integer, List<byte[]>> messages(byte[] message) {
    Map<Integer, List<byte[]>> fields = new TreeMap<>();
    ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      long tag = varint(in);
      byte[] value =
          switch ((int) tag & 7) {
            case 0 -> eight(varint(in));
            case 1 -> eight(in.getLong());
            case 5 -> eight(in.getInt());
            default -> new byte[(int) varint(in)];
          };
      if (((int) tag & 7) == 2) {
        in.get(value);
      }
      fields.computeIfAbsent((int) (tag >>> 3), _ -> new ArrayList<>()).add(value);
    }
    return fields;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  private static byte[] eight(long number) {
    return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
  }

  private static byte[] first(Map<Integer, List<byte[]>> fields, int number) {
    return fields.getOrDefault(number, List.of(new byte[0])).getFirst();
  }

  private static long number(byte[] field) {
    return field.length == 0 ? 0 : ByteBuffer.wrap(field).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private static String hex(byte[] field) {
    return HexFormat.of().formatHex(field);
  }

  private static String text(byte[] field) {
    return new String(field, StandardCharsets.UTF_8);
  }
}
