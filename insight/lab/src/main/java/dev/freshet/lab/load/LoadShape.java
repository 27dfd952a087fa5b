package dev.freshet.lab.load;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What streams beside the updates.
 *
 * @param arrivalPerS empty for a closed loop, in which every stream that ends is replaced; else new
 *     streams come at random (Poisson), so many a second, whether others have ended or not
 * @param tokens of a completion, at least 1
 * @param promptTokens of a prompt, at least 1
 * @param thinkMs from a stream's end to its replacement's request, in a closed loop
 * @param slowReaders the share of streams whose reader takes little at a time, 0 to 1
 * @param pool connections for streams; empty for as many as there are streams
 * @param seed of everything that is drawn
 */
public record LoadShape(
    OptionalDouble arrivalPerS,
    Length tokens,
    Length promptTokens,
    Length thinkMs,
    double slowReaders,
    OptionalInt pool,
    long seed) {

  /** A closed loop of completions of {@code tokens} tokens to the shortest prompt, read at once. */
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
