package dev.freshet.analysis.read;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the events of one line, or of a part of a line that is too long for memory.
 *
 * <p>A line may hold several events: of writers that share a file, after a carriage return, or as
 * JSON. Each begins with a tag and ends at the next one. A JSON object is read string by string;
 * its strings may hold lines, and JSON again. Anything may stand before a tag, with one exception:
 * in a line of Freshet's own, a tag counts only right after the line's prefix and at level INFO,
 * and JSON never, because a message of Freshet may quote text from outside.
 */
final class LineReader {
  static final int MOST_EVENT = 1 << 14;
  static final int MOST_PREFIX = 512;

  /** JSON in JSON: an application's line, a container's, a collector's, and one more. */
  private static final int MOST_DEPTH = 4;

  /** Braces that begin no JSON object after which no more are tried. */
  private static final int MOST_FAILURES = 4;

  private static final int EXCERPT = 100;

  private static final Pattern OURS =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(?:Z|[+-]\\d\\d:\\d\\d)"
              + " (TRACE|DEBUG|INFO |WARN |ERROR)"
              + " (?:orchestrator|inference|trainer|router|bench|freshet) ");

  /** The time of the next record right after a figure. */
  private static final Pattern GLUED =
      Pattern.compile(
          "(?<=\\d)(?:\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d|\\d\\d:\\d\\d:\\d\\d)");

  private static final Pattern OBJECT = Pattern.compile("\\{\\s*+\"");

  private final String text;
  private final int limit;
  private final boolean whole;
  private final int depth;
  private final EventDecoder decoder;
  private final List<Found> found = new ArrayList<>();
  private char[] chars = {};
  private Optional<Malformed> firstMalformed = Optional.empty();
  private int malformed;

  /** The time of an event that has none in front of it. */
  private Stamp stamp;

  /** What stands in front of the next tag begins here. */
  private int prefix;

  /** Up to here the prefixes of Freshet's lines are known. */
  private int searched;

  /** Whether the text is within a message of Freshet that is no event. */
  private boolean inMessage;

  /** An event and the time in front of it. */
  record Found(Event event, Stamp stamp, boolean impossible) {}

  /** Text with a tag that is no event, from the tag on, and what it lacks. */
  record Malformed(String text, String expected) {}

  /**
   * @param limit tags from here on belong to the next part of the line
   * @param whole whether the line ends where the text does
   * @param inMessage of the part before, see {@link #inMessage()}
   */
  LineReader(String text, int limit, boolean whole, boolean inMessage, EventDecoder decoder) {
    this(text, limit, whole, inMessage, decoder, Stamp.NONE, 0);
  }

  private LineReader(
      String text,
      int limit,
      boolean whole,
      boolean inMessage,
      EventDecoder decoder,
      Stamp stamp,
      int depth) {
    this.text = text;
    this.limit = limit;
    this.whole = whole;
    this.inMessage = inMessage;
    this.decoder = decoder;
    this.stamp = stamp;
    this.depth = depth;
  }

  /** The events found. */
  List<Found> found() {
    return found;
  }

  /** The number of tags that begin no event. */
  int malformed() {
    return malformed;
  }

  /** The first of them. */
  Optional<Malformed> firstMalformed() {
    return firstMalformed;
  }

  /** Whether the next part of the line is within a message of Freshet that is no event. */
  boolean inMessage() {
    return inMessage;
  }

  /** Reads the text; returns where the next part of the line has to begin. */
  int read() {
    int at = 0;
    int tag = -1;
    int object = -1;
    int objectsFrom = 0;
    int failures = 0;
    while (true) {
      tag = tag < at ? next(Tags.next(text, at)) : tag;
      object = object < Math.max(at, objectsFrom) ? object(Math.max(at, objectsFrom)) : object;
      if (failures < MOST_FAILURES && object < Math.min(limit, tag)) {
        boolean first = inFront(object);
        inMessage |= first;
        int read = inMessage ? -1 : object(object, before(object));
        if (read == object) {
          return object;
        }
        failures += read < 0 ? 1 : 0;
        objectsFrom = object + 1;
        at = Math.max(at, read);
      } else if (tag >= limit) {
        return Math.max(limit, at);
      } else {
        at = event(tag);
      }
    }
  }

  /**
   * Reads the JSON object that begins at {@code from}; returns its end, or -1 if it is none, or
   * {@code from} if its end may be in the next part of the line.
   */
  private int object(int from, Stamp outer) {
    if (chars.length == 0) {
      chars = text.toCharArray();
    }
    return switch (JsonRecords.parse(chars, from)) {
      case JsonRecords.Parsed.Complete json -> {
        new JsonRecords(this::events, found).read(json.object(), outer);
        prefix = json.end();
        yield json.end();
      }
      case JsonRecords.Parsed.Incomplete _ -> mayFollow(from) ? from : -1;
      case JsonRecords.Parsed.NotJson _ -> -1;
    };
  }

  private static int next(int position) {
    return position < 0 ? Integer.MAX_VALUE : position;
  }

  /** Whether the rest of an object may be in the next part of the line. */
  private boolean mayFollow(int object) {
    return limit < text.length() && object > text.length() / 2;
  }

  private int object(int from) {
    Matcher object = OBJECT.matcher(text);
    return text.indexOf('{', from) >= 0 && object.find(from) ? object.start() : Integer.MAX_VALUE;
  }

  /** The events of a text in JSON. */
  private List<Found> events(String value, Stamp ofRecord) {
    if (depth == MOST_DEPTH || value.indexOf('[') < 0) {
      return List.of();
    }
    List<Found> events = new ArrayList<>();
    for (String line : value.split("\n", -1)) {
      String plain = EscapeCodes.removed(line);
      LineReader reader =
          new LineReader(plain, plain.length(), true, false, decoder, ofRecord, depth + 1);
      reader.read();
      events.addAll(reader.found);
      malformed += reader.malformed;
      firstMalformed = firstMalformed.or(reader::firstMalformed);
    }
    return events;
  }

  /** Reads the event that begins at a tag, if it does; returns where the next may begin. */
  private int event(int tag) {
    boolean first = inFront(tag);
    if (inMessage) {
      return tag + 1;
    }
    int next = Tags.next(text, tag + 1);
    int end = end(tag, next);
    Fields.End after = after(end, next);
    if (after == Fields.End.EVENT) {
      Matcher glued = GLUED.matcher(text).region(tag, end).useTransparentBounds(true);
      end = glued.find() ? glued.start() : end;
    }
    String tagged = text.substring(tag, end);
    Optional<Event> event = decoder.decode(tagged, after);
    if (event.isEmpty()) {
      inMessage = first;
      malformed++;
      firstMalformed =
          firstMalformed.or(() -> Optional.of(new Malformed(excerpt(tagged), decoder.expected())));
      return tag + 1;
    }
    stamp = before(tag);
    found.add(new Found(event.get(), stamp, decoder.hadImpossibleValue()));
    prefix = endOfFields(tag, end);
    return end;
  }

  /** Where the text of an event ends at the latest. */
  private int end(int tag, int next) {
    int end = Math.min(next < 0 ? text.length() : next, tag + MOST_EVENT);
    int carriageReturn = text.indexOf('\r', tag, end);
    return carriageReturn < 0 ? end : carriageReturn;
  }

  /** The end of the last {@code key=value} of an event. */
  private int endOfFields(int tag, int end) {
    int at = end - 1;
    while (at > tag && text.charAt(at) != '=') {
      at--;
    }
    return at == tag ? end : Math.min(end, Fields.tokenEnd(text, at));
  }

  private Fields.End after(int end, int next) {
    if (end == next) {
      return Fields.End.EVENT;
    }
    boolean atEnd = end == text.length() ? whole : text.charAt(end) == '\r';
    return atEnd ? Fields.End.LINE : Fields.End.CUT;
  }

  /**
   * Notes whether what begins at {@code at} is within a message of Freshet; returns whether it is
   * right after the prefix of a line of Freshet.
   */
  private boolean inFront(int at) {
    Matcher ours = OURS.matcher(text).region(Math.max(prefix, searched), at);
    searched = at;
    boolean first = false;
    while (ours.find()) {
      first = ours.end() == at;
      inMessage = !first || !ours.group(1).equals("INFO ");
    }
    return first;
  }

  private static String excerpt(String malformed) {
    String shown =
        malformed.length() <= EXCERPT ? malformed : malformed.substring(0, EXCERPT) + "...";
    return new String(shown.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
        .replaceAll("\\p{Cc}", "?");
  }

  /** The time in front of a tag or an object, or else that of the event before it. */
  private Stamp before(int at) {
    Stamp own = StampParser.parse(text, Math.max(prefix, at - MOST_PREFIX), at);
    return own.known() ? own : stamp;
  }
}
