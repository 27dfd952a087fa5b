package dev.freshet.environments;

import java.util.List;

/**
 * A right answer, for supervised warm-up.
 *
 * @param messages the messages before the answer
 * @param answer the text of the answer, without an ending token
 */
public record Demonstration(List<Message> messages, String answer) {
  public Demonstration {
    messages = List.copyOf(messages);
  }
}
