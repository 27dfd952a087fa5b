package dev.freshet.server;

import dev.freshet.engine.GenerationRequest;
import dev.freshet.engine.TokenConstraint;
import dev.freshet.wire.CompletionRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What the engine is asked for the choices of a completion request. Those of one prompt differ in
 * their seeds alone: the first has the seed of the request, so it equals the only choice of the
 * same request with {@code n} 1; the others have numbers drawn from a generator split off that
 * seed, so that the choices of two requests with neighbouring seeds differ.
 */
final class ChoiceRequests {
  private ChoiceRequests() {}

  /**
   * One request a choice, in their order: those of the first prompt, then those of the second, and
   * so on.
   *
   * @param constraint which tokens the choices may have; empty for all
   * @param adapter the adapter that the request names as its model
   */
  static List<GenerationRequest> of(
      CompletionRequest request,
      Optional<TokenConstraint> constraint,
      Optional<String> adapter,
      List<AnsweredPrompt> prompts,
      Set<Integer> eosTokens) {
    Set<Integer> stops = new HashSet<>(request.stopTokenIds());
    if (!request.ignoreEos()) {
      stops.addAll(eosTokens);
    }
    List<OptionalLong> seeds = seeds(request.seed(), request.n());
    List<GenerationRequest> choices = new ArrayList<>(prompts.size() * request.n());
    for (AnsweredPrompt prompt : prompts) {
      for (OptionalLong seed : seeds) {
        choices.add(
            new GenerationRequest(
                prompt.ids(),
                request.maxTokens(),
                request.temperature(),
                request.topP(),
                request.topK(),
                request.minP(),
                seed,
                stops,
                request.rules(),
                constraint,
                request.logprobs().orElse(0),
                request.promptLogprobs(),
                request.logprobsMode(),
                request.priority(),
                request.cacheSalt(),
                adapter));
      }
    }
    return choices;
  }

  private static List<OptionalLong> seeds(OptionalLong first, int count) {
    if (first.isEmpty()) {
      return Collections.nCopies(count, first);
    }
    List<OptionalLong> seeds = new ArrayList<>(count);
    seeds.add(first);
    SplittableRandom further = new SplittableRandom(first.getAsLong()).split();
    while (seeds.size() < count) {
      seeds.add(OptionalLong.of(further.nextLong()));
    }
    return seeds;
  }
}
