package dev.freshet.server;

import dev.freshet.http.JsonBuffer;
import dev.freshet.text.message.Message;
import dev.freshet.text.message.MessagePart;
import dev.freshet.wire.ErrorBody;
import java.util.OptionalInt;

/**
 * Writes the answer to one chat as another API than chat completions does: as a whole, or as the
 * events of a stream. One instance an answer; confined to its event loop.
 */
interface MessageForm {
  /**
   * How many tokens an answer has.
   *
   * @param cached how many of the prompt's were cached, if that is reported
   */
  record Usage(int prompt, int completion, OptionalInt cached) {}

  /**
   * How an answer ended.
   *
   * @param called whether it ended with tool calls
   */
  record End(Finish finish, boolean called, Usage usage) {}

  /** Makes the form of one answer. */
  @FunctionalInterface
  interface Maker {
    /**
     * @param createdSeconds in seconds since the epoch
     */
    MessageForm make(String requestId, String model, long createdSeconds);
  }

  /** The answer's id. */
  String id();

  /** Writes a whole answer. */
  byte[] whole(Message message, End end);

  /** Writes the events that begin a stream. */
  void begin(JsonBuffer out, Usage usage);

  /** Writes the events of a further part. */
  void part(JsonBuffer out, MessagePart part);

  /** Writes the events that end a stream. */
  void end(JsonBuffer out, End end);

  /** Writes the event of an error in a stream, its last. */
  void failed(JsonBuffer out, ErrorBody error);

  /** Writes an event with JSON data. */
  static void event(JsonBuffer out, String name, byte[] data) {
    out.raw(JsonBuffer.ascii("event: " + name + "\ndata: "));
    out.raw(data).raw(JsonBuffer.ascii("\n\n"));
  }
}
