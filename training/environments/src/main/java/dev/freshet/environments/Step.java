package dev.freshet.environments;

import java.util.List;
import java.util.Map;

/** What an environment says to a turn of the policy. */
public sealed interface Step {
  /**
   * The episode continues with another turn.
   *
   * @param messages what the policy sees before it; one or more
   */
  record Next(List<Message> messages) implements Step {
    public Next {
      messages = List.copyOf(messages);
    }

    /** One message of the environment. */
    public static Next user(String content) {
      return new Next(List.of(Message.user(content)));
    }
  }

  /**
   * The episode is over.
   *
   * @param reward the score of the attempt, a finite number
   * @param metrics further figures by name, finite numbers; they are reported and not trained on
   */
  record End(double reward, Map<String, Double> metrics) implements Step {
    public End {
      metrics = Map.copyOf(metrics);
    }
  }
}
