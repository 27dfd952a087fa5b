package dev.freshet.environments;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The task of writing a string backwards, in one turn: for {@code abc} the right answer is {@code
 * cba}. The reward is the {@link Similarity} of the answer and the reversed string, by characters;
 * white space around either does not count.
 */
public final class ReverseText implements LeveledEnvironment {
  static final String NAME = "reverse-text";

  private static final Message INSTRUCTIONS =
      Message.system(
          "Write the user's text backwards, letter by letter. Answer with the reversed text only.");

  private final Draws draws;
  private final List<Level> levels;

  /**
   * @param alphabet the characters of the strings
   * @param seed decides which strings are drawn
   * @throws EnvironmentException if too few strings are possible for a training and a held-out set
   */
  public ReverseText(String alphabet, int minLength, int maxLength, long seed) {
    int[] letters = alphabet.codePoints().toArray();
    this.draws = new Draws(NAME, seed, random -> text(random, letters, minLength, maxLength));
    this.levels =
        IntStream.rangeClosed(minLength, maxLength)
            .mapToObj(
                length ->
                    new Level(
                        length + " characters", random -> text(random, letters, length, length)))
            .toList();
  }

  private static String text(SplittableRandom random, int[] letters, int least, int most) {
    int length = random.nextInt(least, most + 1);
    StringBuilder text = new StringBuilder(length);
    for (int c = 0; c < length; c++) {
      text.appendCodePoint(letters[random.nextInt(letters.length)]);
    }
    return text.toString();
  }

  @Override
  public String name() {
    return NAME;
  }

  /** One for each length. */
  @Override
  public List<Level> levels() {
    return levels;
  }

  @Override
  public Problem problem(Split split, long index) {
    return draws.problem(split, index);
  }

  @Override
  public Optional<Demonstration> demonstration(long index) {
    String text = draws.demonstration(index);
    return Optional.of(new Demonstration(messages(text), reversed(text)));
  }

  @Override
  public Episode start(Problem problem) {
    return new OneTurn(
        messages(problem.text()), answer -> score(answer.text(), reversed(problem.text())));
  }

  private static List<Message> messages(String text) {
    return List.of(INSTRUCTIONS, Message.user(text));
  }

  private static String reversed(String text) {
    return new StringBuilder(text).reverse().toString();
  }

  private static Step.End score(String answer, String target) {
    double reward = Similarity.ofTexts(answer.strip(), target.strip());
    return new Step.End(reward, Map.of("exact", reward == 1 ? 1.0 : 0.0));
  }
}
