package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * {@link StructuredOutput} ↔ JSON: OpenAI's {@code response_format}, the {@code format} of OpenAI's
 * responses, and vLLM's {@code structured_outputs}. Whatever of these is not supported is an error
 * that names it.
 */
final class StructuredOutputJson {
  private StructuredOutputJson() {}

  /**
   * Reads the current value, {@code {"type": "json_schema", "json_schema": {"schema": …}}} or the
   * like; nothing for any text.
   */
  static Optional<StructuredOutput> responseFormat(String place, WireReader in) {
    Format format = new Format(place);
    in.fields(
        field -> {
          switch (field) {
            case "type" -> format.type = type(in);
            case "json_schema" -> {
              if (!in.isNull()) {
                in.fields(of -> format.schema(place + "/json_schema/schema", of, in));
              }
            }
            default -> throw unknown(place, field);
          }
        });
    return format.output(place + "/json_schema/schema");
  }

  /** The same with the fields of the schema beside its type. */
  static Optional<StructuredOutput> textFormat(String place, WireReader in) {
    Format format = new Format(place);
    in.fields(
        field -> {
          if (field.equals("type")) {
            format.type = type(in);
          } else {
            format.schema(place + "/schema", field, in);
          }
        });
    return format.output(place + "/schema");
  }

  private static String type(WireReader in) {
    String type = in.text();
    return switch (type) {
      case "text", "json_object", "json_schema" -> type;
      default -> throw NeutralFields.unsupported(in, "text, json_object or json_schema");
    };
  }

  private static WireException unknown(String place, String field) {
    return new WireException("%s: unknown field %s".formatted(place, Quoted.of(field)));
  }

  /** Collects the fields of a format. */
  private static final class Format {
    private final String place;
    private String type = "";
    private Optional<Map<String, @Nullable Object>> schema = Optional.empty();

    Format(String place) {
      this.place = place;
    }

    void schema(String schemaPlace, String field, WireReader in) {
      switch (field) {
        case "schema" -> schema = Optional.of(ChatRequestJson.object(in));
        // Names, and whether a model is free to differ, which this one never is.
        case "name", "description", "strict" -> in.skip();
        default ->
            throw unknown(
                schemaPlace.substring(0, schemaPlace.length() - "/schema".length()), field);
      }
    }

    Optional<StructuredOutput> output(String schemaPlace) {
      return switch (type) {
        case "text" -> Optional.empty();
        case "json_object" -> Optional.of(new StructuredOutput.JsonObject(place));
        case "json_schema" ->
            Optional.of(
                new StructuredOutput.JsonSchema(
                    schemaPlace,
                    schema.orElseThrow(
                        () -> new WireException(schemaPlace + ": expected a schema, got none"))));
        default -> throw new WireException(place + "/type: expected a type, got none");
      };
    }
  }

  /** Reads the current value, an object with one of vLLM's kinds; nothing for an empty one. */
  static Optional<StructuredOutput> structuredOutputs(String place, WireReader in) {
    List<StructuredOutput> outputs = new ArrayList<>();
    in.fields(
        field -> {
          String at = place + "/" + field;
          if (in.isNull()) {
            return;
          }
          switch (field) {
            case "json" -> outputs.add(new StructuredOutput.JsonSchema(at, schema(at, in)));
            case "json_object" -> {
              if (in.bool()) {
                outputs.add(new StructuredOutput.JsonObject(at));
              }
            }
            case "regex" -> outputs.add(new StructuredOutput.Pattern(at, in.text()));
            case "choice" -> outputs.add(new StructuredOutput.Choice(at, texts(in)));
            case "disable_any_whitespace", "disable_additional_properties" ->
                NeutralFields.require(in, !in.bool(), "false");
            case "disable_fallback" -> {
              var _ = in.bool(); // There is nothing to fall back to.
            }
            case "grammar", "structural_tag", "whitespace_pattern" ->
                throw NeutralFields.unsupported(in, "null");
            default -> throw unknown(place, field);
          }
        });
    if (outputs.size() > 1) {
      throw new WireException(
          "%s: expected one kind of output, got %d".formatted(place, outputs.size()));
    }
    return outputs.stream().findFirst();
  }

  /** An object, or a string that has one. */
  private static Map<String, @Nullable Object> schema(String place, WireReader in) {
    if (!in.isText()) {
      return ChatRequestJson.object(in);
    }
    try {
      return WireReader.object(in.text());
    } catch (WireException e) {
      throw new WireException(place + ": expected a schema in the string: " + e.getMessage(), e);
    }
  }

  private static List<String> texts(WireReader in) {
    List<String> texts = new ArrayList<>();
    in.elements(StructuredOutput.MAX_CHOICES, () -> texts.add(in.text()));
    return texts;
  }

  /** Writes an output as vLLM's field. */
  static void write(StructuredOutput output, JsonGenerator out) {
    out.writeObjectPropertyStart("structured_outputs");
    switch (output) {
      case StructuredOutput.JsonSchema(_, Map<String, @Nullable Object> schema) -> {
        out.writeName("json");
        WireWriter.value(schema, out);
      }
      case StructuredOutput.JsonObject _ -> out.writeBooleanProperty("json_object", true);
      case StructuredOutput.Pattern(_, String pattern) -> out.writeStringProperty("regex", pattern);
      case StructuredOutput.Choice(_, List<String> texts) -> {
        out.writeArrayPropertyStart("choice");
        texts.forEach(out::writeString);
        out.writeEndArray();
      }
    }
    out.writeEndObject();
  }
}
