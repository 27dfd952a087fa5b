package dev.freshet.trainer;

/**
 * One sequence to learn from, as parallel arrays over its tokens.
 *
 * @param tokens token ids
 * @param target which tokens the model is trained to produce; never the first
 * @param logprobs logprobs of the target tokens under the policy that generated them; elsewhere 0
 * @param advantage how much better the sequence was than its group; the same for all its tokens
 */
public record Example(int[] tokens, boolean[] target, float[] logprobs, float advantage) {
  public Example {
    if (tokens.length != target.length || tokens.length != logprobs.length) {
      throw new IllegalArgumentException(
          "%d tokens, %d targets, %d logprobs: expected equally many"
              .formatted(tokens.length, target.length, logprobs.length));
    }
    if (tokens.length == 0 || target[0]) {
      throw new IllegalArgumentException(
          "the first token of a sequence cannot be a target: nothing predicts it");
    }
  }

  /** A prompt and the completion to learn by heart. */
  public static Example supervised(int[] prompt, int[] completion) {
    int[] tokens = java.util.Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, tokens, prompt.length, completion.length);
    boolean[] target = new boolean[tokens.length];
    java.util.Arrays.fill(target, prompt.length, tokens.length, true);
    return new Example(tokens, target, new float[tokens.length], 1);
  }

  /** How many tokens are targets. */
  public int targets() {
    int count = 0;
    for (boolean t : target) {
      count += t ? 1 : 0;
    }
    return count;
  }
}
