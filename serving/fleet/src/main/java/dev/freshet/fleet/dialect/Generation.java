package dev.freshet.fleet.dialect;

import dev.freshet.client.GenerationRoute;
import java.util.Optional;

/**
 * How a server is asked for completions.
 *
 * @param route the route that reports the most about tokens
 * @param versions where the policy version of a token is known from
 */
public record Generation(GenerationRoute route, Versions versions) {
  /** Where the policy version of a token is known from. */
  public enum Versions {
    /** The server reports them. Those of an answer without any are synthesised. */
    REPORTED,
    /** The request names the version that samples all its tokens. */
    NAMED,
    /** No server vouches for them: they follow from the moments at which tokens arrived. */
    SYNTHESISED
  }

  /** {@code /v1/completions} of a program that reports nothing about versions. */
  public static final Generation SILENT =
      new Generation(GenerationRoute.COMPLETIONS, Versions.SYNTHESISED);

  /** What it cannot do, and what is done instead. */
  public Optional<String> limit() {
    return versions == Versions.SYNTHESISED
        ? Optional.of("it does not report the version of each token, which is synthesised")
        : Optional.empty();
  }
}
