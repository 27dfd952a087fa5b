package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The body of a request that begins a session: how all its calls are sampled, whatever they ask
 * for. The tokens then have the distribution that a trainer assumes.
 *
 * @param temperature 0 for greedy, else the divisor of the logits
 * @param topP nucleus mass in (0, 1]
 * @param maxTokens the most tokens of a turn, beside what the call allows
 * @param seed that of the first call; each further one has the next number. Empty: as the calls say
 */
public record SessionSampling(
    double temperature, double topP, OptionalInt maxTokens, OptionalLong seed) {
  private static final int MAX_BYTES = 64 << 10;

  public SessionSampling {
    WireException.check(
        temperature >= 0 && Double.isFinite(temperature), "temperature", "≥ 0", temperature);
    WireException.check(topP > 0 && topP <= 1, "top_p", "above 0 and at most 1", topP);
    WireException.check(maxTokens.orElse(1) >= 1, "max_tokens", "1 or more", maxTokens.orElse(1));
  }

  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown, out of range or of a wrong
   *     type
   */
  public static SessionSampling parse(byte[] json) {
    var read =
        new Object() {
          double temperature = 1;
          double topP = 1;
          OptionalInt maxTokens = OptionalInt.empty();
          OptionalLong seed = OptionalLong.empty();
        };
    try (WireReader in = WireReader.strict(json, MAX_BYTES)) {
      in.document(
          name -> {
            switch (name) {
              case "temperature" -> read.temperature = in.number();
              case "top_p" -> read.topP = in.number();
              case "max_tokens" -> read.maxTokens = OptionalInt.of(in.integer());
              case "seed" -> read.seed = OptionalLong.of(in.longInteger());
              default -> throw new WireException("unknown field " + Quoted.of(name));
            }
          });
    }
    return new SessionSampling(read.temperature, read.topP, read.maxTokens, read.seed);
  }

  /** Whether every token is the most likely one. */
  public boolean isGreedy() {
    return temperature < CompletionRequest.GREEDY_BELOW;
  }
}
