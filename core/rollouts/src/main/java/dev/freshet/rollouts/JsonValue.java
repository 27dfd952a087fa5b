package dev.freshet.rollouts;

import java.util.Arrays;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** The kinds of values in a line of a batch file, and how each is read. */
enum JsonValue {
  INTEGER("an integer"),
  LONG("an integer"),
  NUMBER("a number"),
  TEXT("a string"),
  INTEGERS("an array of integers"),
  NUMBERS("an array of numbers"),
  FLAGS("an array of booleans");

  private final String expected;

  JsonValue(String expected) {
    this.expected = expected;
  }

  /** The kind in words, for messages. */
  String expected() {
    return expected;
  }

  /**
   * Reads the current value: an Integer, Long, Double, String, int[], float[] or boolean[].
   *
   * @param where the file and the number of the line, for messages
   * @param name of the field
   * @throws BatchException if the value is of another kind
   */
  Object read(String where, String name, JsonParser in) {
    return switch (this) {
      case INTEGER -> integer(where, name, in);
      case LONG -> {
        require(in.currentToken() == JsonToken.VALUE_NUMBER_INT, where, name, in);
        yield in.getLongValue();
      }
      case NUMBER -> {
        require(in.currentToken().isNumeric(), where, name, in);
        yield in.getDoubleValue();
      }
      case TEXT -> {
        require(in.currentToken() == JsonToken.VALUE_STRING, where, name, in);
        yield in.getString();
      }
      case INTEGERS -> {
        int[] values = new int[64];
        int length = 0;
        for (startArray(where, name, in); in.nextToken() != JsonToken.END_ARRAY; ) {
          values = length == values.length ? Arrays.copyOf(values, 2 * length) : values;
          require(in.currentToken() == JsonToken.VALUE_NUMBER_INT, where, name, in);
          values[length++] = saturated(in);
        }
        yield Arrays.copyOf(values, length);
      }
      case NUMBERS -> {
        float[] values = new float[64];
        int length = 0;
        for (startArray(where, name, in); in.nextToken() != JsonToken.END_ARRAY; ) {
          values = length == values.length ? Arrays.copyOf(values, 2 * length) : values;
          require(in.currentToken().isNumeric(), where, name, in);
          values[length++] = in.getFloatValue();
        }
        yield Arrays.copyOf(values, length);
      }
      case FLAGS -> {
        boolean[] values = new boolean[64];
        int length = 0;
        for (startArray(where, name, in); in.nextToken() != JsonToken.END_ARRAY; ) {
          values = length == values.length ? Arrays.copyOf(values, 2 * length) : values;
          require(in.currentToken().isBoolean(), where, name, in);
          values[length++] = in.getBooleanValue();
        }
        yield Arrays.copyOf(values, length);
      }
    };
  }

  private int integer(String where, String name, JsonParser in) {
    require(in.currentToken() == JsonToken.VALUE_NUMBER_INT, where, name, in);
    return in.getIntValue(); // Throws if it does not fit, as for invalid JSON.
  }

  /** The value, or the nearest int, which is no more possible as a token id or a version. */
  private static int saturated(JsonParser in) {
    if (in.getNumberType() == JsonParser.NumberType.INT) {
      return in.getIntValue();
    }
    return in.getDoubleValue() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
  }

  private void startArray(String where, String name, JsonParser in) {
    require(in.currentToken() == JsonToken.START_ARRAY, where, name, in);
  }

  private void require(boolean met, String where, String name, JsonParser in) {
    if (!met) {
      String found = in.getString();
      throw new BatchException(
          "%s: field '%s' holds %s, expected %s"
              .formatted(
                  where,
                  name,
                  found.length() <= 60 ? found : found.substring(0, 60) + "…",
                  expected));
    }
  }
}
