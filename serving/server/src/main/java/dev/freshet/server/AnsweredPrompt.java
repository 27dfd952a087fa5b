package dev.freshet.server;

/**
 * A prompt of a request.
 *
 * @param ids its tokens
 * @param echo the text with which that of its completions begins; empty unless the request asks for
 *     the prompt's
 */
record AnsweredPrompt(int[] ids, String echo) {
  /** A prompt that is not part of the answer. */
  static AnsweredPrompt of(int[] ids) {
    return new AnsweredPrompt(ids, "");
  }
}
