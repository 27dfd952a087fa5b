package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;
import static dev.freshet.wire.WireWriter.object;

import dev.freshet.engine.FinishReason;
import dev.freshet.http.JsonBuffer;
import dev.freshet.text.message.Message;
import dev.freshet.text.message.MessagePart;
import dev.freshet.wire.AnthropicErrors;
import dev.freshet.wire.ErrorBody;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/** Writes answers of Anthropic's messages. */
final class AnthropicForm implements MessageForm {
  private static final byte[] DELTA = ascii("event: content_block_delta\ndata: ");
  private static final byte[] INDEX = ascii("{\"type\":\"content_block_delta\",\"index\":");
  private static final byte[] TEXT = ascii(",\"delta\":{\"type\":\"text_delta\",\"text\":");
  private static final byte[] THINKING =
      ascii(",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":");
  private static final byte[] INPUT =
      ascii(",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":");
  private static final byte[] END = ascii("}}\n\n");

  /** The block that is open in a stream. */
  private enum Block {
    NONE,
    TEXT,
    THINKING,
    TOOL_USE
  }

  private final String id;
  private final String model;
  private Block open = Block.NONE;
  private int blocks;

  AnthropicForm(String requestId, String model) {
    this.id = "msg_" + requestId;
    this.model = model;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public byte[] whole(Message message, End end) {
    return object(
        out -> {
          head(out);
          out.writeArrayPropertyStart("content");
          message
              .reasoning()
              .filter(text -> !text.isEmpty())
              .ifPresent(text -> block(out, thinking(text)));
          Optional<String> content = message.content().filter(text -> !text.isEmpty());
          content.ifPresent(text -> block(out, text(text)));
          for (Message.Call call : message.calls()) {
            block(
                out,
                use -> {
                  toolUse(use, call.name());
                  use.writeName("input");
                  use.writeRawValue(call.arguments());
                });
          }
          if (content.isEmpty() && message.calls().isEmpty()) {
            block(out, text(""));
          }
          out.writeEndArray();
          stop(out, end);
          usage(out, end.usage());
        });
  }

  private void head(JsonGenerator out) {
    out.writeStringProperty("id", id);
    out.writeStringProperty("type", "message");
    out.writeStringProperty("role", "assistant");
    out.writeStringProperty("model", model);
  }

  private static void block(JsonGenerator out, Consumer<JsonGenerator> fields) {
    out.writeStartObject();
    fields.accept(out);
    out.writeEndObject();
  }

  private static Consumer<JsonGenerator> text(String text) {
    return out -> {
      out.writeStringProperty("type", "text");
      out.writeStringProperty("text", text);
    };
  }

  private static Consumer<JsonGenerator> thinking(String text) {
    return out -> {
      out.writeStringProperty("type", "thinking");
      out.writeStringProperty("thinking", text);
      out.writeStringProperty("signature", "");
    };
  }

  private static void toolUse(JsonGenerator out, String name) {
    out.writeStringProperty("type", "tool_use");
    out.writeStringProperty(
        "id", "toolu_" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
    out.writeStringProperty("name", name);
  }

  private static void stop(JsonGenerator out, End end) {
    Finish finish = end.finish();
    boolean byText = finish instanceof Finish.ByText;
    out.writeStringProperty(
        "stop_reason",
        end.called()
            ? "tool_use"
            : byText
                ? "stop_sequence"
                : finish.reason() == FinishReason.STOP
                    ? "end_turn"
                    : finish.reason() == FinishReason.LENGTH
                        ? "max_tokens"
                        : finish.reason().wireName());
    if (finish instanceof Finish.ByText(String stop)) {
      out.writeStringProperty("stop_sequence", stop);
    } else {
      out.writeNullProperty("stop_sequence");
    }
  }

  /** The tokens of the prompt that were cached are not input tokens. */
  private static void usage(JsonGenerator out, Usage usage) {
    out.writeObjectPropertyStart("usage");
    out.writeNumberProperty("input_tokens", usage.prompt() - usage.cached().orElse(0));
    out.writeNumberProperty("output_tokens", usage.completion());
    usage
        .cached()
        .ifPresent(
            cached -> {
              out.writeNumberProperty("cache_creation_input_tokens", 0);
              out.writeNumberProperty("cache_read_input_tokens", cached);
            });
    out.writeEndObject();
  }

  @Override
  public void begin(JsonBuffer out, Usage usage) {
    event(
        out,
        "message_start",
        json -> {
          json.writeObjectPropertyStart("message");
          head(json);
          json.writeArrayPropertyStart("content");
          json.writeEndArray();
          json.writeNullProperty("stop_reason");
          json.writeNullProperty("stop_sequence");
          usage(json, new Usage(usage.prompt(), 0, usage.cached()));
          json.writeEndObject();
        });
  }

  /** Writes an event whose data has its name as type. */
  private static void event(JsonBuffer out, String type, Consumer<JsonGenerator> fields) {
    MessageForm.event(
        out,
        type,
        object(
            json -> {
              json.writeStringProperty("type", type);
              fields.accept(json);
            }));
  }

  @Override
  public void part(JsonBuffer out, MessagePart part) {
    switch (part) {
      case MessagePart.Content(String text) -> {
        open(out, Block.TEXT, text(""));
        delta(out, TEXT, text);
      }
      case MessagePart.Reasoning(String text) -> {
        open(out, Block.THINKING, thinking(""));
        delta(out, THINKING, text);
      }
      case MessagePart.CallBegin(_, String name) -> {
        close(out);
        open(
            out,
            Block.TOOL_USE,
            json -> {
              toolUse(json, name);
              json.writeObjectPropertyStart("input");
              json.writeEndObject();
            });
      }
      case MessagePart.CallArguments(_, String json) -> delta(out, INPUT, json);
      case MessagePart.CallEnd _ -> close(out);
    }
  }

  private void open(JsonBuffer out, Block block, Consumer<JsonGenerator> content) {
    if (open == block) {
      return;
    }
    close(out);
    open = block;
    event(
        out,
        "content_block_start",
        json -> {
          json.writeNumberProperty("index", blocks);
          json.writeObjectPropertyStart("content_block");
          content.accept(json);
          json.writeEndObject();
        });
  }

  private void delta(JsonBuffer out, byte[] kind, String text) {
    out.raw(DELTA).raw(INDEX).integer(blocks).raw(kind).string(text).raw(END);
  }

  private void close(JsonBuffer out) {
    if (open != Block.NONE) {
      event(out, "content_block_stop", json -> json.writeNumberProperty("index", blocks));
      open = Block.NONE;
      blocks++;
    }
  }

  @Override
  public void end(JsonBuffer out, End end) {
    if (blocks == 0 && open == Block.NONE) {
      open(out, Block.TEXT, text(""));
    }
    close(out);
    event(
        out,
        "message_delta",
        json -> {
          json.writeObjectPropertyStart("delta");
          stop(json, end);
          json.writeEndObject();
          usage(json, end.usage());
        });
    event(out, "message_stop", _ -> {});
  }

  @Override
  public void failed(JsonBuffer out, ErrorBody error) {
    MessageForm.event(out, "error", AnthropicErrors.toJson(error));
  }
}
