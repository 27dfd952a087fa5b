package dev.freshet.server;

import dev.freshet.text.grammar.Grammars;
import dev.freshet.text.message.ToolCallSyntax;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.ToolChoice;
import dev.freshet.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Calls of tools that an answer must consist of.
 *
 * @param form how the model writes calls
 * @param tools those that it may call
 * @param several whether there may be more than one call
 * @param named whether the request names the tool: the answer then ends with {@code stop}, as in
 *     OpenAI's API and in vLLM
 */
record ForcedCalls(
    Grammars.CallForm form, List<Grammars.Tool> tools, boolean several, boolean named) {
  private static final Map<String, Object> ANY_OBJECT = Map.of("type", "object");

  /**
   * The calls that a chat must be answered with, if it must.
   *
   * @throws WireException if the model has no known syntax of calls
   */
  static Optional<ForcedCalls> of(ChatRequest chat, ToolCallSyntax syntax) {
    if (!chat.toolChoice().isForced()) {
      return Optional.empty();
    }
    Grammars.CallForm form =
        syntax
            .form()
            .orElseThrow(
                () ->
                    new WireException(
                        "tool_choice: expected \"auto\" or \"none\": the model has no known syntax"
                            + " of tool calls (inference.tool_call_parser)"));
    List<Map<String, @Nullable Object>> possible = chat.toolChoice().among(chat.tools());
    boolean named = chat.toolChoice() instanceof ToolChoice.Named;
    List<Grammars.Tool> tools = new ArrayList<>();
    for (int i = 0; i < chat.tools().size(); i++) {
      if (possible.contains(chat.tools().get(i))) {
        tools.add(tool(i, chat.tools().get(i)));
      }
    }
    return Optional.of(new ForcedCalls(form, tools, chat.parallelToolCalls() && !named, named));
  }

  private static Grammars.Tool tool(int index, Map<String, @Nullable Object> tool) {
    Map<?, ?> function = (Map<?, ?>) tool.get("function");
    String place = "/%d/function/parameters".formatted(index);
    if (function == null || !(function.get("name") instanceof String name)) {
      throw new WireException("tools/%d/function/name: expected a name".formatted(index));
    }
    Object parameters = function.get("parameters");
    return new Grammars.Tool(name, place, parameters == null ? ANY_OBJECT : parameters);
  }
}
