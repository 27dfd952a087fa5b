package dev.freshet.server;

import java.util.Optional;

/**
 * A prompt of a request.
 *
 * @param ids its tokens
 * @param echo its text, if that of its completions begins with it
 */
record AnsweredPrompt(int[] ids, Optional<String> echo) {
  /** A prompt that is not part of the answer. */
  static AnsweredPrompt of(int[] ids) {
    return new AnsweredPrompt(ids, Optional.empty());
  }
}
