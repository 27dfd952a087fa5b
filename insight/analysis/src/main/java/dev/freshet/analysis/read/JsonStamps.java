package dev.freshet.analysis.read;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Finds the time of a JSON record in the fields that loggers and collectors write it to. A field
 * that is nested less deeply counts first. A number is seconds, milliseconds, microseconds or
 * nanoseconds since the epoch, by its size.
 */
final class JsonStamps {
  /** Of several in one object the first of these counts; names without punctuation. */
  private static final List<String> KEYS =
      List.of(
          "sourcerealtimetimestamp", // When journald's client had it.
          "timestamp",
          "time",
          "ts",
          "asctime",
          "datetime",
          "date",
          "created",
          "eventtime",
          "timemillis",
          "epochsecond",
          "realtimetimestamp",
          "ingestiontime",
          "t");

  private static final double FIRST = 1e9; // 2001; what is less is not a time since the epoch.
  private static final double MILLIS = 1e11;
  private static final double MICROS = 1e14;
  private static final double NANOS = 1e17;
  private static final double LAST = 1e20;
  private static final int MOST_TEXT = 64;

  private JsonStamps() {}

  /** The time of a record; unknown if it has none. Objects in arrays are other records. */
  static Stamp of(JsonNode record) {
    Deque<JsonNode> level = new ArrayDeque<>(List.of(record));
    while (!level.isEmpty()) {
      JsonNode object = level.removeFirst();
      Stamp found = Stamp.NONE;
      int rank = KEYS.size();
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        int key = KEYS.indexOf(name(field.getKey()));
        if (key >= 0 && key < rank) {
          Stamp stamp = value(field.getValue());
          found = stamp.known() ? stamp : found;
          rank = stamp.known() ? key : rank;
        }
        if (field.getValue().isObject()) {
          level.addLast(field.getValue());
        }
      }
      if (found.known()) {
        return found;
      }
    }
    return Stamp.NONE;
  }

  /** A key without the punctuation and case in which programs differ. */
  private static String name(String key) {
    StringBuilder name = new StringBuilder();
    key.toLowerCase(Locale.ROOT)
        .chars()
        .filter(Character::isLetter)
        .forEach(c -> name.append((char) c));
    return name.toString();
  }

  /** The time that a value is; unknown if it is none. */
  static Stamp value(JsonNode value) {
    if (value.isNumber()) {
      return epoch(value.doubleValue());
    }
    if (!value.isString() || value.stringValue().length() > MOST_TEXT) {
      return Stamp.NONE;
    }
    String text = value.stringValue();
    return text.matches("\\d{10,20}(\\.\\d{1,12})?")
        ? epoch(Double.parseDouble(text))
        : StampParser.parse(text, 0, text.length());
  }

  private static Stamp epoch(double number) {
    if (!(number >= FIRST && number < LAST)) {
      return Stamp.NONE;
    }
    double millis =
        number < MILLIS
            ? number * 1e3
            : number < MICROS ? number : number < NANOS ? number / 1e3 : number / 1e6;
    return new Stamp(millis, true, Stamp.Date.YEAR);
  }
}
