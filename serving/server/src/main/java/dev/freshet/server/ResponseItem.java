package dev.freshet.server;

import static dev.freshet.wire.WireWriter.object;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** An item of the output of a response, and its text so far. Not thread-safe. */
abstract sealed class ResponseItem {
  private final String id;
  final StringBuilder text = new StringBuilder();

  private ResponseItem(String id) {
    this.id = id;
  }

  String id() {
    return id;
  }

  void append(String more) {
    text.append(more);
  }

  /** The item; before it is {@code done}, without its text. */
  String json(boolean done) {
    return new String(object(out -> fields(out, done)), StandardCharsets.UTF_8);
  }

  /** Its part with the text so far, if it has parts. */
  Optional<String> partJson() {
    return Optional.of(new String(object(this::part), StandardCharsets.UTF_8));
  }

  /** The type of the event of a further piece of its text. */
  abstract String deltaEvent();

  /** The type of the event of its whole text. */
  abstract String doneEvent();

  abstract void fields(JsonGenerator out, boolean done);

  abstract void part(JsonGenerator out);

  /** Writes the field of the whole text. */
  void whole(JsonGenerator out) {
    out.writeStringProperty("text", text.toString());
  }

  /** Writes the logprobs of an event, if its type has them. */
  void logprobs(JsonGenerator out) {}

  final void content(JsonGenerator out, boolean done) {
    out.writeArrayPropertyStart("content");
    if (done) {
      out.writeStartObject();
      part(out);
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  private static String status(boolean done) {
    return done ? "completed" : "in_progress";
  }

  /** Text for the user. */
  static final class Text extends ResponseItem {
    Text(String id) {
      super(id);
    }

    @Override
    String deltaEvent() {
      return "response.output_text.delta";
    }

    @Override
    String doneEvent() {
      return "response.output_text.done";
    }

    @Override
    void fields(JsonGenerator out, boolean done) {
      out.writeStringProperty("id", id());
      out.writeStringProperty("type", "message");
      out.writeStringProperty("role", "assistant");
      out.writeStringProperty("status", status(done));
      content(out, done);
    }

    @Override
    void part(JsonGenerator out) {
      out.writeStringProperty("type", "output_text");
      out.writeStringProperty("text", text.toString());
      out.writeArrayPropertyStart("annotations");
      out.writeEndArray();
      logprobs(out);
    }

    @Override
    void logprobs(JsonGenerator out) {
      out.writeArrayPropertyStart("logprobs");
      out.writeEndArray();
    }
  }

  /** Text of the model's reasoning. */
  static final class Reasoning extends ResponseItem {
    Reasoning(String id) {
      super(id);
    }

    @Override
    String deltaEvent() {
      return "response.reasoning_text.delta";
    }

    @Override
    String doneEvent() {
      return "response.reasoning_text.done";
    }

    @Override
    void fields(JsonGenerator out, boolean done) {
      out.writeStringProperty("id", id());
      out.writeStringProperty("type", "reasoning");
      out.writeArrayPropertyStart("summary");
      out.writeEndArray();
      content(out, done);
      out.writeStringProperty("status", status(done));
    }

    @Override
    void part(JsonGenerator out) {
      out.writeStringProperty("type", "reasoning_text");
      out.writeStringProperty("text", text.toString());
    }
  }

  /** A call of a function. */
  static final class Call extends ResponseItem {
    private final String name;

    Call(String id, String name) {
      super(id);
      this.name = name;
    }

    @Override
    String deltaEvent() {
      return "response.function_call_arguments.delta";
    }

    @Override
    String doneEvent() {
      return "response.function_call_arguments.done";
    }

    @Override
    Optional<String> partJson() {
      return Optional.empty();
    }

    @Override
    void fields(JsonGenerator out, boolean done) {
      out.writeStringProperty("id", id());
      out.writeStringProperty("type", "function_call");
      out.writeStringProperty("call_id", "call_" + id());
      out.writeStringProperty("name", name);
      out.writeStringProperty("arguments", done ? text.toString() : "");
      out.writeStringProperty("status", status(done));
    }

    @Override
    void part(JsonGenerator out) {}

    @Override
    void whole(JsonGenerator out) {
      out.writeStringProperty("name", name);
      out.writeStringProperty("arguments", text.toString());
    }
  }
}
