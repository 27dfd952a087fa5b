package dev.freshet.server.session;

import dev.freshet.wire.ChatRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The identities of a chat and of each of its beginnings, by which a session finds the call that a
 * chat continues. Two messages are the same if their fields are, except for the ids of tool calls,
 * and that a field without a value equals an absent one.
 *
 * @param beginnings the identity after each message, in order; at least one
 */
public record Conversation(List<String> beginnings) {
  /** The reasoning of an answer, and the other name that clients give it. */
  private static final String REASONING = "reasoning";

  private static final String REASONING_CONTENT = "reasoning_content";

  /** Fields that only tie a tool's answer to its call; every answer to a call has other ids. */
  private static final Set<String> IDS = Set.of("id", "tool_call_id");

  private static final String CALLS = "tool_calls";

  public Conversation {
    beginnings = List.copyOf(beginnings);
  }

  /**
   * The identities of a chat's messages.
   *
   * @param model the model that continues it
   */
  public static Conversation of(String model, ChatRequest chat) {
    List<@Nullable Object> setting = new ArrayList<>();
    setting.add(model);
    setting.add(chat.tools());
    setting.add(chat.templateVariables());
    String identity = CanonicalText.digest(setting);
    List<String> beginnings = new ArrayList<>();
    for (Map<String, @Nullable Object> message : chat.messages()) {
      identity = after(identity, withValues(message));
      beginnings.add(identity);
    }
    return new Conversation(beginnings);
  }

  /** The identity of the whole chat. */
  public String identity() {
    return beginnings.getLast();
  }

  /**
   * The identities of the chat with the answer as its next message. Clients leave out the reasoning
   * of an answer or repeat it, so there are up to two.
   */
  Set<String> withAnswer(Map<String, ? extends @Nullable Object> answer) {
    Map<String, @Nullable Object> whole = withValues(answer);
    Map<String, @Nullable Object> spoken = new LinkedHashMap<>(whole);
    spoken.remove(REASONING);
    Set<String> identities = new LinkedHashSet<>();
    identities.add(after(identity(), whole));
    identities.add(after(identity(), spoken));
    return identities;
  }

  private static String after(String identity, Map<String, @Nullable Object> message) {
    return CanonicalText.sha256(identity + CanonicalText.digest(message));
  }

  private static Map<String, @Nullable Object> withValues(
      Map<String, ? extends @Nullable Object> message) {
    Map<String, @Nullable Object> kept = new LinkedHashMap<>();
    message.forEach(
        (name, value) -> {
          if (value != null
              && !IDS.contains(name)
              && !(value instanceof String text && text.isEmpty())
              && !(value instanceof List<?> list && list.isEmpty())) {
            kept.put(
                name.equals(REASONING_CONTENT) ? REASONING : name,
                name.equals(CALLS) && value instanceof List<?> calls
                    ? calls.stream().map(Conversation::withoutId).toList()
                    : value);
          }
        });
    return kept;
  }

  private static @Nullable Object withoutId(@Nullable Object call) {
    if (!(call instanceof Map<?, ?> fields)) {
      return call;
    }
    Map<Object, @Nullable Object> kept = new LinkedHashMap<>(fields);
    kept.keySet().removeAll(IDS);
    return kept;
  }
}
