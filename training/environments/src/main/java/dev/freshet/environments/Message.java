package dev.freshet.environments;

import java.util.Locale;
import java.util.Map;

/**
 * One message of a conversation.
 *
 * @param role who speaks
 * @param content the text
 */
public record Message(Role role, String content) {
  /** Who speaks, by the names that chat templates use. */
  public enum Role {
    /** The instructions of the task. A model without a chat template does not see them. */
    SYSTEM,
    /** The environment. */
    USER,
    /** The policy. */
    ASSISTANT;

    /** The name in a chat template. */
    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The instructions of a task. */
  public static Message system(String content) {
    return new Message(Role.SYSTEM, content);
  }

  /** What the environment says. */
  public static Message user(String content) {
    return new Message(Role.USER, content);
  }

  /** What the policy said. */
  public static Message assistant(String content) {
    return new Message(Role.ASSISTANT, content);
  }

  /** The message as chat templates read it. */
  Map<String, String> forTemplate() {
    return Map.of("role", role.wireName(), "content", content);
  }
}
