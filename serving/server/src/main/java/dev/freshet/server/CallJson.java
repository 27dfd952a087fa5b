package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.http.JsonBuffer;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** Writes tool calls as OpenAI and vLLM do. Stateless. */
final class CallJson {
  private static final byte[] INDEX = ascii("{\"index\":");
  private static final byte[] ID = ascii("\"id\":\"chatcmpl-tool-");
  private static final byte[] NAME = ascii("\",\"type\":\"function\",\"function\":{\"name\":");
  private static final byte[] FUNCTION = ascii(",\"function\":{\"arguments\":");
  private static final byte[] ARGUMENTS = ascii(",\"arguments\":");
  private static final byte[] END = ascii("}}");

  private CallJson() {}

  /** Writes a whole call, which gets a random id. */
  static void whole(JsonBuffer out, String name, CharSequence arguments) {
    named(out.raw('{'), name, arguments);
  }

  /** Writes the beginning of a call in a stream. */
  static void beginning(JsonBuffer out, int index, String name, CharSequence arguments) {
    named(out.raw(INDEX).integer(index).raw(','), name, arguments);
  }

  private static void named(JsonBuffer out, String name, CharSequence arguments) {
    out.raw(ID).raw(ascii(HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong())));
    out.raw(NAME).string(name).raw(ARGUMENTS).string(arguments).raw(END);
  }

  /** Writes a further piece of a call's arguments in a stream. */
  static void continuation(JsonBuffer out, int index, CharSequence arguments) {
    out.raw(INDEX).integer(index).raw(FUNCTION).string(arguments).raw(END);
  }
}
