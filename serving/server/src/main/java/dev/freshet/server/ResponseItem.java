package dev.freshet.server;

import static dev.freshet.wire.WireWriter.object;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** An item of the output of a response, and its text so far. Not thread-safe. */
abstract sealed class ResponseItem {
  private final String id;
  private final String event;
  private final StringBuilder text = new StringBuilder();

  /**
   * @param event in the types of the events of its text
   */
  private ResponseItem(String id, String event) {
    this.id = id;
    this.event = event;
  }

  String id() {
    return id;
  }

  void append(String more) {
    text.append(more);
  }

  String text() {
    return text.toString();
  }

  /** The item; before it is {@code done}, without its text. */
  String json(boolean done) {
    return new String(object(out -> fields(out, done)), StandardCharsets.UTF_8);
  }

  /** The type of the event of a further piece of its text. */
  String deltaEvent() {
    return "response." + event + ".delta";
  }

  /** The type of the event of its whole text. */
  String doneEvent() {
    return "response." + event + ".done";
  }

  abstract void fields(JsonGenerator out, boolean done);

  /** Its part with the text so far, if it has parts. */
  abstract Optional<String> partJson();

  /** Writes the field of the whole text. */
  abstract void whole(JsonGenerator out);

  /** Writes the logprobs of an event, if its type has them. */
  void logprobs(JsonGenerator out) {}

  /** Writes the place of its part in an event, if it has parts. */
  void place(JsonGenerator out) {}

  static String status(boolean done) {
    return done ? "completed" : "in_progress";
  }

  /** An item whose text is its only part. */
  abstract static sealed class OfPart extends ResponseItem {
    private final String type;

    OfPart(String id, String type) {
      super(id, type);
      this.type = type;
    }

    @Override
    Optional<String> partJson() {
      return Optional.of(new String(object(this::part), StandardCharsets.UTF_8));
    }

    @Override
    void place(JsonGenerator out) {
      out.writeNumberProperty("content_index", 0);
    }

    void part(JsonGenerator out) {
      out.writeStringProperty("type", type);
      out.writeStringProperty("text", text());
    }

    @Override
    void whole(JsonGenerator out) {
      out.writeStringProperty("text", text());
    }

    void content(JsonGenerator out, boolean done) {
      out.writeArrayPropertyStart("content");
      if (done) {
        out.writeStartObject();
        part(out);
        out.writeEndObject();
      }
      out.writeEndArray();
    }
  }

  /** Text for the user. */
  static final class Text extends OfPart {
    Text(String id) {
      super(id, "output_text");
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
      super.part(out);
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
  static final class Reasoning extends OfPart {
    Reasoning(String id) {
      super(id, "reasoning_text");
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
  }

  /** A call of a function; its text is that of the arguments. */
  static final class Call extends ResponseItem {
    private final String name;

    Call(String id, String name) {
      super(id, "function_call_arguments");
      this.name = name;
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
      out.writeStringProperty("arguments", done ? text() : "");
      out.writeStringProperty("status", status(done));
    }

    @Override
    void whole(JsonGenerator out) {
      out.writeStringProperty("name", name);
      out.writeStringProperty("arguments", text());
    }
  }
}
