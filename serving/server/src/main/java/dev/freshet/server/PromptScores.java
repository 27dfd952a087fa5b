package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.PromptLogprob;
import dev.freshet.engine.TokenEvent.TopLogprob;
import dev.freshet.http.JsonBuffer;
import java.util.List;

/**
 * The logprobs of a prompt's tokens. The first token has none.
 *
 * @param first the first token
 * @param rest those after it
 */
record PromptScores(int first, List<PromptLogprob> rest) {
  private static final byte[] FIRST = ascii("[null");
  private static final byte[] LOGPROB = ascii("\":{\"logprob\":");
  private static final byte[] RANK = ascii(",\"rank\":");
  private static final byte[] DECODED = ascii(",\"decoded_token\":");

  PromptScores {
    rest = List.copyOf(rest);
  }

  /** Writes them as vLLM's {@code prompt_logprobs}: an object a token, by token ids. */
  void write(JsonBuffer out, TokenNames names) {
    out.raw(FIRST);
    for (PromptLogprob token : rest) {
      out.raw(',').raw('{');
      entry(out, token.token(), token.logprob(), token.rank(), names);
      for (int i = 0; i < token.top().size(); i++) {
        TopLogprob other = token.top().get(i);
        if (other.token() != token.token()) {
          entry(out.raw(','), other.token(), other.logprob(), i + 1, names);
        }
      }
      out.raw('}');
    }
    out.raw(']');
  }

  private static void entry(JsonBuffer out, int token, float logprob, int rank, TokenNames names) {
    LogprobsJson.logprob(out.raw('"').integer(token).raw(LOGPROB), logprob);
    out.raw(RANK).integer(rank).raw(DECODED).raw(names.of(token)).raw('}');
  }
}
