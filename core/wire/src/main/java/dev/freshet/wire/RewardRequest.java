package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.OptionalDouble;

/**
 * The body of a request that ends a session with a reward.
 *
 * @param reward a finite number
 */
public record RewardRequest(double reward) {
  private static final int MAX_BYTES = 64 << 10;

  public RewardRequest {
    WireException.check(Double.isFinite(reward), "reward", "a finite number", reward);
  }

  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown or of a wrong type
   */
  public static RewardRequest parse(byte[] json) {
    var read =
        new Object() {
          OptionalDouble reward = OptionalDouble.empty();
        };
    try (WireReader in = WireReader.strict(json, MAX_BYTES)) {
      in.document(
          name -> {
            if (!name.equals("reward")) {
              throw new WireException("unknown field " + Quoted.of(name));
            }
            read.reward = OptionalDouble.of(in.number());
          });
    }
    return new RewardRequest(
        read.reward.orElseThrow(
            () -> new WireException("reward: expected a finite number, got none")));
  }
}
