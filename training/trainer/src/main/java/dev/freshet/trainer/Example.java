package dev.freshet.trainer;

import java.util.Arrays;

/**
 * One training sequence, as parallel arrays over its tokens.
 *
 * @param tokens token ids
 * @param target which tokens the model is trained to predict; never the first
 * @param logprobs logprobs of the target tokens under the policy that generated them; 0 for others
 * @param lags by how many versions the policy that generated a target token is older than the one
 *     being trained; 0 for other tokens
 * @param advantage the advantage of the sequence, the same for all its tokens
 * @param temperature the temperature at which the target tokens were sampled, above 0
 */
public record Example(
    int[] tokens,
    boolean[] target,
    float[] logprobs,
    int[] lags,
    float advantage,
    float temperature) {
  public Example {
    if (tokens.length != target.length
        || tokens.length != logprobs.length
        || tokens.length != lags.length) {
      throw new IllegalArgumentException(
          "%d tokens, %d targets, %d logprobs, %d lags: expected equal numbers"
              .formatted(tokens.length, target.length, logprobs.length, lags.length));
    }
    if (tokens.length == 0 || target[0]) {
      throw new IllegalArgumentException(
          "a sequence of %d tokens: expected at least one, of which the first is no target"
              .formatted(tokens.length));
    }
  }

  /** A prompt followed by a completion, all of whose tokens are targets. */
  public static Example supervised(int[] prompt, int[] completion) {
    int[] tokens = Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, tokens, prompt.length, completion.length);
    boolean[] target = new boolean[tokens.length];
    Arrays.fill(target, prompt.length, tokens.length, true);
    return new Example(tokens, target, new float[tokens.length], new int[tokens.length], 1, 1);
  }

  /** The number of target tokens. */
  int targets() {
    int count = 0;
    for (boolean t : target) {
      count += t ? 1 : 0;
    }
    return count;
  }
}
