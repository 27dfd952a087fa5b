package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.http.JsonBuffer;
import dev.freshet.text.message.Message;
import java.util.List;
import java.util.Optional;

/** Writes the message of a whole answer as vLLM does, with the fields of OpenAI. Stateless. */
final class MessageJson {
  private static final byte[] CONTENT = ascii("{\"role\":\"assistant\",\"content\":");
  private static final byte[] ABSENT =
      ascii(",\"refusal\":null,\"annotations\":null,\"audio\":null,\"function_call\":null");
  private static final byte[] CALLS = ascii(",\"tool_calls\":[");
  private static final byte[] REASONING = ascii(",\"reasoning\":");
  private static final byte[] NULL = ascii("null");

  private MessageJson() {}

  /** Writes a message; returns whether it has tool calls. */
  static boolean write(JsonBuffer out, Message message, AnswerShape shape) {
    boolean forced = shape.forced().isPresent();
    text(
        out.raw(CONTENT), forced ? message.content().or(() -> Optional.of("")) : message.content());
    out.raw(ABSENT);
    List<Message.Call> calls = shape.calls(message);
    if (!calls.isEmpty()) {
      out.raw(CALLS);
      for (int i = 0; i < calls.size(); i++) {
        CallJson.whole(out.comma(i), calls.get(i).name(), calls.get(i).arguments());
      }
      out.raw(']');
    }
    text(out.raw(REASONING), message.reasoning().filter(_ -> shape.withReasoning()));
    out.raw('}');
    return !calls.isEmpty();
  }

  private static void text(JsonBuffer out, Optional<String> text) {
    text.ifPresentOrElse(out::string, () -> out.raw(NULL));
  }
}
