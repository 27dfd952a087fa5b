package dev.freshet.wire;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether a model calls tools. */
public sealed interface ToolChoice {
  /** A choice that names no tool. */
  enum Mode implements ToolChoice {
    /** As the model decides. */
    AUTO,
    /** No tool; the model does not see them. */
    NONE,
    /** One of the tools, or more. */
    REQUIRED
  }

  /** This tool, once. */
  record Named(String name) implements ToolChoice {}

  /** Whether the model must call a tool. */
  default boolean isForced() {
    return this == Mode.REQUIRED || this instanceof Named;
  }

  /**
   * The tools among those of a request that the model must call, as {@code {"type": "function",
   * "function": {…}}}; all of them if it may choose.
   */
  default List<Map<String, @Nullable Object>> among(List<Map<String, @Nullable Object>> tools) {
    return this instanceof Named(String name)
        ? tools.stream().filter(tool -> nameOf(tool).equals(Optional.of(name))).toList()
        : tools;
  }

  private static Optional<String> nameOf(Map<String, @Nullable Object> tool) {
    return tool.get("function") instanceof Map<?, ?> function
            && function.get("name") instanceof String name
        ? Optional.of(name)
        : Optional.empty();
  }

  /**
   * Requires that a forced call is possible: there are tools, the named one is among them, and the
   * request has no other structured output.
   *
   * @throws WireException if it is not
   */
  default void requirePossible(
      List<Map<String, @Nullable Object>> tools, Optional<StructuredOutput> output) {
    if (!isForced()) {
      return;
    }
    if (tools.isEmpty()) {
      throw new WireException("tools: expected a tool that the model must call, got none");
    }
    if (among(tools).isEmpty()) {
      throw new WireException("tool_choice: expected the name of one of the tools");
    }
    output.ifPresent(
        other -> {
          throw new WireException(
              other.field() + ": expected none beside a tool_choice that forces a call");
        });
  }
}
