package dev.freshet.server.session;

/**
 * How much a session has captured.
 *
 * @param turns prompts with what was sampled for them
 * @param branches turns that no other extends
 * @param brokenPrefixes turns that continue an earlier one without having all of its tokens
 * @param promptTokens tokens of prompts, each counted with the turn that brought it
 * @param sampledTokens tokens that were sampled
 */
public record SessionSummary(
    int turns, int branches, int brokenPrefixes, long promptTokens, long sampledTokens) {
  static final SessionSummary NONE = new SessionSummary(0, 0, 0, 0, 0);

  /** The summary after a further turn. */
  SessionSummary with(Turn turn, int branchesNow) {
    return new SessionSummary(
        turns + 1,
        branchesNow,
        brokenPrefixes + (turn.prefix() == PrefixKind.BROKEN ? 1 : 0),
        promptTokens + turn.ownPrompt().length,
        sampledTokens + turn.sampled().size());
  }
}
