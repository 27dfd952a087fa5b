package dev.freshet.wire;

/**
 * How the texts of a prompt and its completions are made of tokens, with vLLM's names.
 *
 * @param addSpecialTokens whether a prompt that is text gets the tokens that the tokenizer adds
 *     around texts
 * @param skipSpecialTokens whether special tokens have no text
 * @param includeStop whether the text has the stop string or token that ended it
 * @param tokensAsIds whether logprobs name tokens {@code token_id:N} instead of by their texts
 */
public record TextOptions(
    boolean addSpecialTokens, boolean skipSpecialTokens, boolean includeStop, boolean tokensAsIds) {
  /** Those of text completions. */
  public static final TextOptions DEFAULT = new TextOptions(true, true, false, false);

  TextOptions withAddSpecialTokens(boolean add) {
    return new TextOptions(add, skipSpecialTokens, includeStop, tokensAsIds);
  }

  TextOptions withSkipSpecialTokens(boolean skip) {
    return new TextOptions(addSpecialTokens, skip, includeStop, tokensAsIds);
  }

  TextOptions withIncludeStop(boolean include) {
    return new TextOptions(addSpecialTokens, skipSpecialTokens, include, tokensAsIds);
  }

  TextOptions withTokensAsIds(boolean asIds) {
    return new TextOptions(addSpecialTokens, skipSpecialTokens, includeStop, asIds);
  }
}
