package dev.freshet.server;

import dev.freshet.engine.TokenConstraint;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.grammar.ByteGrammar;
import dev.freshet.text.grammar.GrammarException;
import dev.freshet.text.grammar.Grammars;
import dev.freshet.text.grammar.TokenMasks;
import dev.freshet.text.grammar.TokenTrie;
import dev.freshet.trace.Quoted;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.StructuredOutput;
import dev.freshet.wire.WireException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Makes the constraints of requests for structured output. A grammar takes up to about a second, so
 * the newest are kept with the masks that were found for them. Thread-safe.
 */
final class OutputConstraints {
  /** The most grammars that are kept, and about the most bytes of them without their masks. */
  private static final int MOST_GRAMMARS = 32;

  private static final long MOST_BYTES = 64 << 20;

  /** Ends the reasoning of a model that has one; the answer after it is what is constrained. */
  private static final String END_OF_REASONING = "</think>";

  /** Tokens that stand for their own text where calls or reasoning are expected. */
  private static final Set<String> TAGS =
      Set.of("<tool_call>", "</tool_call>", "<|python_tag|>", "<think>", END_OF_REASONING);

  /**
   * What a grammar is made of.
   *
   * @param afterReasoning whether it begins after the end of the model's reasoning
   */
  private record Source(
      Optional<StructuredOutput> output, Optional<ForcedCalls> calls, boolean afterReasoning) {}

  private final Tokenizer tokenizer;
  private final Set<Integer> eosTokens;
  private final Map<Set<String>, TokenTrie> tries = new LinkedHashMap<>();
  private final Map<Source, TokenMasks> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long keptBytes;

  /**
   * @param eosTokens the tokens that end a completion
   */
  OutputConstraints(Tokenizer tokenizer, Set<Integer> eosTokens) {
    this.tokenizer = tokenizer;
    this.eosTokens = eosTokens;
  }

  /** Whether the answer to a request is constrained. */
  static boolean isNeeded(CompletionRequest request, AnswerShape shape) {
    return request.output().isPresent() || shape.forced().isPresent();
  }

  /**
   * The constraint before the first token of an answer.
   *
   * @throws WireException naming what is malformed, too large, or not supported
   */
  TokenConstraint of(CompletionRequest request, AnswerShape shape) {
    Source source = new Source(request.output(), shape.forced(), shape.messages().hasReasoning());
    TokenMasks masks = masks(source);
    Set<Integer> ends = new HashSet<>(eosTokens);
    request.stopTokenIds().stream().filter(id -> !masks.hasBytes(id)).forEach(ends::add);
    GrammarConstraint begin = GrammarConstraint.begin(masks, Set.copyOf(ends));
    for (long word : begin.allowed()) {
      if (word != 0) {
        return begin;
      }
    }
    throw new WireException(
        field(source) + ": expected texts that the model's tokens can write, got none such");
  }

  private synchronized TokenMasks masks(Source source) {
    TokenMasks known = kept.get(source);
    if (known != null) {
      return known;
    }
    boolean tagged = source.calls().isPresent() || source.afterReasoning();
    TokenMasks made =
        new TokenMasks(grammar(source), tries.computeIfAbsent(tags(tagged), this::trie));
    made.prepare();
    kept.put(source, made);
    keptBytes += made.bytes();
    Iterator<TokenMasks> oldest = kept.values().iterator();
    while (kept.size() > MOST_GRAMMARS || (keptBytes > MOST_BYTES && kept.size() > 1)) {
      keptBytes -= oldest.next().bytes();
      oldest.remove();
    }
    return made;
  }

  /** The tags that are special tokens of the vocabulary. */
  private Set<String> tags(boolean tagged) {
    return tagged
        ? TAGS.stream()
            .filter(tag -> tokenizer.idOf(tag).stream().anyMatch(tokenizer::isSpecial))
            .collect(Collectors.toUnmodifiableSet())
        : Set.of();
  }

  private TokenTrie trie(Set<String> tags) {
    return TokenTrie.of(tokenizer, tags);
  }

  private static ByteGrammar grammar(Source source) {
    try {
      ByteGrammar grammar =
          source
              .calls()
              .map(calls -> Grammars.calls(calls.form(), calls.tools(), calls.several()))
              .orElseGet(() -> grammar(source.output().orElseThrow()));
      return source.afterReasoning() ? Grammars.after(END_OF_REASONING, grammar) : grammar;
    } catch (GrammarException e) {
      throw new WireException(
          "%s%s: expected %s"
              .formatted(field(source), Quoted.escaped(e.place()), Quoted.escaped(e.expected())),
          e);
    }
  }

  private static ByteGrammar grammar(StructuredOutput output) {
    return switch (output) {
      case StructuredOutput.JsonSchema schema -> Grammars.schema(schema.schema());
      case StructuredOutput.JsonObject _ -> Grammars.jsonObject();
      case StructuredOutput.Pattern pattern -> Grammars.pattern(pattern.pattern());
      case StructuredOutput.Choice choice -> Grammars.choice(choice.texts());
    };
  }

  private static String field(Source source) {
    return source.output().map(StructuredOutput::field).orElse("tools");
  }
}
