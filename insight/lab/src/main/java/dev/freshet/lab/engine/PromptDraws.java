package dev.freshet.lab.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws prompts of random token ids. A prompt occurs in one round only, so a prefix cache saves
 * nothing except within a group. Not thread-safe.
 */
final class PromptDraws {
  private final EngineLoad load;
  private final int vocabulary;
  private final SplittableRandom random;

  /**
   * @param vocabulary ids are below it
   */
  PromptDraws(EngineLoad load, int vocabulary) {
    this.load = load;
    this.vocabulary = vocabulary;
    this.random = new SplittableRandom(load.seed());
  }

  /** The prompts of {@code batch} completions; those of a group are equal and adjacent. */
  List<int[]> next(int batch) {
    List<int[]> prompts = new ArrayList<>(batch);
    while (prompts.size() < batch) {
      int[] prompt = random.ints(load.promptTokens(), 0, vocabulary).toArray();
      for (int i = 0; i < load.group(); i++) {
        prompts.add(prompt);
      }
    }
    return prompts;
  }
}
