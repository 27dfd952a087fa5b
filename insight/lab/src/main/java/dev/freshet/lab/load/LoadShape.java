package dev.freshet.lab.load;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The load of streams during updates.
 *
 * @param arrivalPerS empty for a closed loop, in which every stream that ends is replaced; else the
 *     rate of an open loop, whose streams arrive at random (Poisson) however many are open
 * @param tokens of a completion, at least 1
 * @param promptTokens of a prompt, at least 1
 * @param thinkMs from a stream's end to its replacement's request, in a closed loop
 * @param slowReaders the share of streams with a slow reader, 0 to 1
 * @param pool the number of connections for streams; empty for one per stream
 * @param seed of all random draws
 */
public record LoadShape(
    OptionalDouble arrivalPerS,
    Length tokens,
    Length promptTokens,
    Length thinkMs,
    double slowReaders,
    OptionalInt pool,
    long seed) {

  /**
   * A closed loop of completions of {@code tokens} tokens, with one-token prompts and fast readers.
   */
  static LoadShape steady(int tokens) {
    return new LoadShape(
        OptionalDouble.empty(),
        new Length.Fixed(tokens),
        new Length.Fixed(1),
        new Length.Fixed(0),
        0,
        OptionalInt.empty(),
        1);
  }
}
