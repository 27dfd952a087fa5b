package dev.freshet.analysis.read;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the texts in a JSON object, each with the time of its record. An object is one record with
 * all objects in it, except those in arrays, which are records of their own. A text whose events an
 * earlier text of the record has, as where a logger writes the message beside the formatted line,
 * is read once.
 */
final class JsonRecords {
  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** An array of that many numbers is a text in bytes: journald's form of one with colors. */
  private static final int FEWEST_BYTES = 8;

  private final Texts texts;
  private final List<LineReader.Found> found;

  /**
   * @param found gets the events
   */
  JsonRecords(Texts texts, List<LineReader.Found> found) {
    this.texts = texts;
    this.found = found;
  }

  /** Finds the events in a text of a record. */
  interface Texts {
    List<LineReader.Found> events(String text, Stamp stamp);
  }

  /** What begins with a brace. */
  sealed interface Parsed {
    /** An object; {@code end} is where it ends. */
    record Complete(JsonNode object, int end) implements Parsed {}

    /** An object whose end is not there. */
    record Incomplete() implements Parsed {}

    /** Something else. */
    record NotJson() implements Parsed {}
  }

  /** Parses the object that begins at {@code from}. */
  static Parsed parse(char[] line, int from) {
    try (JsonParser parser = JSON.createParser(line, from, line.length - from)) {
      JsonNode object = JSON.readTree(parser);
      int read = (int) parser.currentLocation().getCharOffset(); // From the beginning.
      return new Parsed.Complete(object, from + read);
    } catch (UnexpectedEndOfInputException e) {
      return new Parsed.Incomplete();
    } catch (JacksonException e) {
      return new Parsed.NotJson();
    }
  }

  /**
   * Reads a record.
   *
   * @param outer its time if it has none itself
   */
  void read(JsonNode record, Stamp outer) {
    Stamp own = JsonStamps.of(record);
    object(record, own.known() ? own : outer, new HashSet<>());
  }

  private void object(JsonNode object, Stamp stamp, Set<Event> ofRecord) {
    for (JsonNode value : object.values()) {
      if (value.isObject()) {
        object(value, stamp, ofRecord);
      } else if (value.isString() || isBytes(value)) {
        List<LineReader.Found> events = texts.events(text(value), stamp);
        List<Event> what = events.stream().map(LineReader.Found::event).toList();
        if (!ofRecord.containsAll(what)) {
          ofRecord.addAll(what);
          found.addAll(events);
        }
      } else if (value.isArray()) {
        array(value, stamp);
      }
    }
  }

  private void array(JsonNode array, Stamp outer) {
    Stamp stamp = outer;
    for (JsonNode element : array.values()) {
      Stamp own = JsonStamps.value(element);
      stamp = own.known() ? own : stamp;
      if (element.isObject()) {
        read(element, stamp);
      } else if (element.isString() || isBytes(element)) {
        found.addAll(texts.events(text(element), stamp));
      } else if (element.isArray()) {
        array(element, stamp);
      }
    }
  }

  private static boolean isBytes(JsonNode value) {
    return value.isArray()
        && value.size() >= FEWEST_BYTES
        && value.values().stream().allMatch(b -> b.isInt() && b.intValue() >> Byte.SIZE == 0);
  }

  private static String text(JsonNode value) {
    if (value.isString()) {
      return value.stringValue();
    }
    byte[] bytes = new byte[value.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) value.get(i).intValue();
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
