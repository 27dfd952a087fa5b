package dev.freshet.server;

import static dev.freshet.wire.WireWriter.object;

import dev.freshet.engine.FinishReason;
import dev.freshet.http.JsonBuffer;
import dev.freshet.text.message.Message;
import dev.freshet.text.message.MessagePart;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.ResponsesRequest;
import dev.freshet.wire.StructuredOutput;
import dev.freshet.wire.ToolChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.ObjectMapper;

/** Writes the answers of OpenAI's responses. */
final class ResponsesForm implements MessageForm {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String requestId;
  private final String model;
  private final long createdSeconds;
  private final ResponsesRequest request;

  /** The items of the output that have ended, as JSON. */
  private final List<String> done = new ArrayList<>();

  private Optional<ResponseItem> open = Optional.empty();
  private long sequence;

  /**
   * @param createdSeconds in seconds since the epoch
   */
  ResponsesForm(String requestId, String model, long createdSeconds, ResponsesRequest request) {
    this.requestId = requestId;
    this.model = model;
    this.createdSeconds = createdSeconds;
    this.request = request;
  }

  @Override
  public String id() {
    return "resp_" + requestId;
  }

  @Override
  public byte[] whole(Message message, End end) {
    message
        .reasoning()
        .filter(text -> !text.isEmpty())
        .ifPresent(text -> add(new ResponseItem.Reasoning(itemId("rs")), text));
    message
        .content()
        .filter(text -> !text.isEmpty() || message.calls().isEmpty())
        .ifPresent(text -> add(new ResponseItem.Text(itemId("msg")), text));
    for (Message.Call call : message.calls()) {
      add(new ResponseItem.Call(itemId("fc"), call.name()), call.arguments());
    }
    return object(out -> response(out, Optional.of(end)));
  }

  private void add(ResponseItem item, String text) {
    item.append(text);
    done.add(item.json(true));
  }

  private String itemId(String kind) {
    return kind + "_" + requestId + "_" + done.size();
  }

  /**
   * Writes the fields of a response.
   *
   * @param end how it ended; empty while it is in progress
   */
  private void response(JsonGenerator out, Optional<End> end) {
    boolean cut = end.filter(how -> how.finish().reason() != FinishReason.STOP).isPresent();
    out.writeStringProperty("id", id());
    out.writeStringProperty("object", "response");
    out.writeNumberProperty("created_at", createdSeconds);
    out.writeStringProperty(
        "status", end.isEmpty() ? "in_progress" : cut ? "incomplete" : "completed");
    if (cut) {
      FinishReason reason = end.orElseThrow().finish().reason();
      out.writeObjectPropertyStart("incomplete_details");
      out.writeStringProperty(
          "reason", reason == FinishReason.LENGTH ? "max_output_tokens" : reason.wireName());
      out.writeEndObject();
    } else {
      out.writeNullProperty("incomplete_details");
    }
    out.writeNullProperty("error");
    request
        .instructions()
        .ifPresentOrElse(
            text -> out.writeStringProperty("instructions", text),
            () -> out.writeNullProperty("instructions"));
    out.writeObjectPropertyStart("metadata");
    out.writeEndObject();
    out.writeStringProperty("model", model);
    out.writeArrayPropertyStart("output");
    done.forEach(out::writeRawValue);
    out.writeEndArray();
    settings(out);
    end.map(End::usage)
        .ifPresentOrElse(usage -> usage(out, usage), () -> out.writeNullProperty("usage"));
  }

  private void settings(JsonGenerator out) {
    out.writeBooleanProperty("parallel_tool_calls", request.chat().parallelToolCalls());
    out.writeNumberProperty("temperature", request.chat().sampling().temperature());
    out.writeNumberProperty("top_p", request.chat().sampling().topP());
    request
        .chat()
        .mostTokens()
        .ifPresentOrElse(
            most -> out.writeNumberProperty("max_output_tokens", most),
            () -> out.writeNullProperty("max_output_tokens"));
    writeToolChoice(out);
    out.writeArrayPropertyStart("tools");
    for (Map<String, @Nullable Object> tool : request.tools()) {
      out.writeRawValue(JSON.writeValueAsString(tool));
    }
    out.writeEndArray();
    out.writeNullProperty("previous_response_id");
    out.writeBooleanProperty("background", false);
    out.writeBooleanProperty("store", false);
    out.writeStringProperty("truncation", "disabled");
    out.writeObjectPropertyStart("text");
    out.writeObjectPropertyStart("format");
    writeFormat(out);
    out.writeEndObject();
    out.writeEndObject();
  }

  private void writeToolChoice(JsonGenerator out) {
    switch (request.chat().toolChoice()) {
      case ToolChoice.Mode mode ->
          out.writeStringProperty("tool_choice", mode.name().toLowerCase(Locale.ROOT));
      case ToolChoice.Named(String name) -> {
        out.writeObjectPropertyStart("tool_choice");
        out.writeStringProperty("type", "function");
        out.writeStringProperty("name", name);
        out.writeEndObject();
      }
    }
  }

  private void writeFormat(JsonGenerator out) {
    switch (request.chat().sampling().output().orElse(null)) {
      case StructuredOutput.JsonSchema schema -> {
        out.writeStringProperty("type", "json_schema");
        out.writeName("schema");
        out.writeRawValue(JSON.writeValueAsString(schema.schema()));
      }
      case StructuredOutput.JsonObject _ -> out.writeStringProperty("type", "json_object");
      case null, default -> out.writeStringProperty("type", "text");
    }
  }

  private static void usage(JsonGenerator out, Usage usage) {
    out.writeObjectPropertyStart("usage");
    out.writeNumberProperty("input_tokens", usage.prompt());
    out.writeObjectPropertyStart("input_tokens_details");
    out.writeNumberProperty("cached_tokens", usage.cached().orElse(0));
    out.writeEndObject();
    out.writeNumberProperty("output_tokens", usage.completion());
    out.writeObjectPropertyStart("output_tokens_details");
    out.writeNumberProperty("reasoning_tokens", 0);
    out.writeEndObject();
    out.writeNumberProperty("total_tokens", usage.prompt() + usage.completion());
    out.writeEndObject();
  }

  private void event(JsonBuffer out, String type, Consumer<JsonGenerator> fields) {
    MessageForm.event(
        out,
        type,
        object(
            json -> {
              json.writeStringProperty("type", type);
              json.writeNumberProperty("sequence_number", sequence++);
              fields.accept(json);
            }));
  }

  private void responseEvent(JsonBuffer out, String type, Optional<End> end) {
    event(
        out,
        type,
        json -> {
          json.writeObjectPropertyStart("response");
          response(json, end);
          json.writeEndObject();
        });
  }

  @Override
  public void begin(JsonBuffer out, Usage usage) {
    responseEvent(out, "response.created", Optional.empty());
    responseEvent(out, "response.in_progress", Optional.empty());
  }

  @Override
  public void part(JsonBuffer out, MessagePart part) {
    switch (part) {
      case MessagePart.Content(String text) -> {
        if (open.filter(item -> item instanceof ResponseItem.Text).isEmpty()) {
          close(out);
          open(out, new ResponseItem.Text(itemId("msg")));
        }
        delta(out, text);
      }
      case MessagePart.Reasoning(String text) -> {
        if (open.filter(item -> item instanceof ResponseItem.Reasoning).isEmpty()) {
          close(out);
          open(out, new ResponseItem.Reasoning(itemId("rs")));
        }
        delta(out, text);
      }
      case MessagePart.CallBegin(_, String name) -> {
        close(out);
        open(out, new ResponseItem.Call(itemId("fc"), name));
      }
      case MessagePart.CallArguments(_, String json) -> delta(out, json);
      case MessagePart.CallEnd _ -> close(out);
    }
  }

  private void open(JsonBuffer out, ResponseItem item) {
    open = Optional.of(item);
    itemEvent(out, "response.output_item.added", item.json(false));
    item.partJson().ifPresent(part -> partEvent(out, "response.content_part.added", item, part));
  }

  private void itemEvent(JsonBuffer out, String type, String item) {
    event(
        out,
        type,
        json -> {
          json.writeNumberProperty("output_index", done.size());
          json.writeName("item");
          json.writeRawValue(item);
        });
  }

  private void partEvent(JsonBuffer out, String type, ResponseItem item, String part) {
    event(
        out,
        type,
        json -> {
          place(json, item);
          json.writeName("part");
          json.writeRawValue(part);
        });
  }

  private void place(JsonGenerator json, ResponseItem item) {
    json.writeStringProperty("item_id", item.id());
    json.writeNumberProperty("output_index", done.size());
    item.place(json);
  }

  private void delta(JsonBuffer out, String text) {
    ResponseItem item = open.orElseThrow();
    item.append(text);
    event(
        out,
        item.deltaEvent(),
        json -> {
          place(json, item);
          json.writeStringProperty("delta", text);
          item.logprobs(json);
        });
  }

  private void close(JsonBuffer out) {
    if (open.isEmpty()) {
      return;
    }
    ResponseItem item = open.get();
    event(
        out,
        item.doneEvent(),
        json -> {
          place(json, item);
          item.whole(json);
          item.logprobs(json);
        });
    item.partJson().ifPresent(part -> partEvent(out, "response.content_part.done", item, part));
    String whole = item.json(true);
    itemEvent(out, "response.output_item.done", whole);
    done.add(whole);
    open = Optional.empty();
  }

  @Override
  public void end(JsonBuffer out, End end) {
    if (done.isEmpty() && open.isEmpty()) {
      open(out, new ResponseItem.Text(itemId("msg")));
    }
    close(out);
    responseEvent(out, "response.completed", Optional.of(end)); // Also of one cut off, as in vLLM.
  }

  @Override
  public void failed(JsonBuffer out, ErrorBody error) {
    event(
        out,
        "error",
        json -> {
          json.writeStringProperty("code", error.code());
          json.writeStringProperty("message", error.message());
          json.writeNullProperty("param");
        });
  }
}
