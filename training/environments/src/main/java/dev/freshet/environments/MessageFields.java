package dev.freshet.environments;

import java.io.IOException;
import java.util.Optional;
import org.msgpack.core.MessagePackException;
import org.msgpack.core.MessageUnpacker;

/** Reads MessagePack maps and lists field by field, without a tree of values. */
final class MessageFields {
  /** Reads the value of a field. */
  @FunctionalInterface
  interface Field {
    void read(String name) throws IOException;
  }

  /** Reads an element of a list. */
  @FunctionalInterface
  interface Element {
    void read() throws IOException;
  }

  private MessageFields() {}

  /** Reads a map with texts or numbers as keys. */
  static void read(MessageUnpacker in, Field field) throws IOException {
    int fields = in.unpackMapHeader();
    for (int i = 0; i < fields; i++) {
      field.read(
          in.getNextFormat().getValueType().isIntegerType()
              ? Long.toString(in.unpackLong())
              : in.unpackString());
    }
  }

  /**
   * The number of elements of a list that follows. Each takes a byte or more, so more of them than
   * an episode may have bytes are a lie.
   */
  static int size(MessageUnpacker in) throws IOException {
    int size = in.unpackArrayHeader();
    if (size > VerifiersRun.MOST_BYTES) {
      throw new MessagePackException("a list of %d elements".formatted(size));
    }
    return size;
  }

  static void readList(MessageUnpacker in, Element element) throws IOException {
    int elements = in.unpackArrayHeader();
    for (int i = 0; i < elements; i++) {
      element.read();
    }
  }

  /** A text; empty if it is nil. */
  static Optional<String> text(MessageUnpacker in) throws IOException {
    return in.tryUnpackNil() ? Optional.empty() : Optional.of(in.unpackString());
  }

  /** Any number, also a whole one; empty if the value, which is read, is none. */
  static Optional<Double> number(MessageUnpacker in) throws IOException {
    return switch (in.getNextFormat().getValueType()) {
      case INTEGER -> Optional.of(in.unpackBigInteger().doubleValue());
      case FLOAT -> Optional.of(in.unpackDouble());
      case BOOLEAN -> Optional.of(in.unpackBoolean() ? 1.0 : 0.0);
      default -> {
        in.skipValue();
        yield Optional.empty();
      }
    };
  }
}
