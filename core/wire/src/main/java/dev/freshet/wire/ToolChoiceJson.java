package dev.freshet.wire;

import java.util.Optional;

/** Reads a {@link ToolChoice} as OpenAI's and Anthropic's APIs write it. */
final class ToolChoiceJson {
  private String type = "";
  private Optional<String> name = Optional.empty();

  private ToolChoiceJson() {}

  /** A string, or an object that names a function; its name may be in an object of its own. */
  static ToolChoice openAi(WireReader in) {
    if (in.isText()) {
      return switch (in.text()) {
        case "auto" -> ToolChoice.Mode.AUTO;
        case "none" -> ToolChoice.Mode.NONE;
        case "required" -> ToolChoice.Mode.REQUIRED;
        default -> throw in.expected("\"auto\", \"none\", \"required\" or a function");
      };
    }
    ToolChoiceJson read = new ToolChoiceJson();
    in.fields(
        field -> {
          switch (field) {
            case "type" -> {
              NeutralFields.require(in, in.text().equals("function"), "\"function\"");
              read.type = in.text();
            }
            case "name" -> read.name = Optional.of(in.text());
            case "function" ->
                in.fields(
                    of -> {
                      if (!of.equals("name")) {
                        throw in.expected("the name alone");
                      }
                      read.name = Optional.of(in.text());
                    });
            default -> throw in.expected("{\"type\": \"function\", \"function\": {\"name\": …}}");
          }
        });
    return read.named("tool_choice");
  }

  /**
   * An object whose type is {@code auto}, {@code any}, {@code tool} with a name, or {@code none}.
   */
  static final class OfAnthropic {
    private final ToolChoiceJson read = new ToolChoiceJson();

    void type(WireReader in) {
      read.type = in.text();
      switch (read.type) {
        case "auto", "any", "tool", "none" -> {}
        default -> throw in.expected("auto, any, tool or none");
      }
    }

    void name(WireReader in) {
      read.name = Optional.of(in.text());
    }

    ToolChoice choice() {
      return switch (read.type) {
        case "any" -> ToolChoice.Mode.REQUIRED;
        case "tool" -> read.named("tool_choice");
        case "none" -> ToolChoice.Mode.NONE;
        default -> ToolChoice.Mode.AUTO;
      };
    }
  }

  private ToolChoice named(String place) {
    if (type.isEmpty()) {
      throw new WireException(place + "/type: expected \"function\", got none");
    }
    return new ToolChoice.Named(
        name.orElseThrow(
            () -> new WireException(place + "/name: expected the name of a tool, got none")));
  }
}
