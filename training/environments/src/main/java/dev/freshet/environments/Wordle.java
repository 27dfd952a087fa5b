package dev.freshet.environments;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The task of finding a word of five letters, a guess a turn. Each guess is answered with a mark
 * for each letter: {@code G} for a letter in its place, {@code Y} for one of another place, {@code
 * X} for one that the word does not have. A letter gets no more marks G and Y than the word has of
 * it. The first word of five letters of an answer is the guess; an answer without one uses up a
 * turn.
 *
 * <p>The reward is 1 for finding the word, whatever the number of guesses; otherwise half the score
 * of the best guess, in which G counts 1/5 and Y 1/10.
 */
public final class Wordle implements TurnEnvironment {
  static final String NAME = "wordle";
  static final int LETTERS = 5;

  private static final Pattern GUESS =
      Pattern.compile("(?<![\\p{L}])[a-z]{5}(?![\\p{L}])", Pattern.CASE_INSENSITIVE);

  private final WordleConfig config;
  private final Draws draws;

  /**
   * @param seed decides which words are drawn
   */
  public Wordle(WordleConfig config, long seed) {
    this.config = config;
    List<String> words = FiveLetterWords.ALL;
    this.draws = new Draws(NAME, seed, random -> words.get(random.nextInt(words.size())));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem problem(Split split, long index) {
    return draws.problem(split, index);
  }

  @Override
  public Episode start(Problem problem) {
    return new Attempt(problem.text(), config);
  }

  /** The guess in an answer. */
  static Optional<String> guess(String answer) {
    Matcher found = GUESS.matcher(answer);
    return found.find() ? Optional.of(found.group().toLowerCase(Locale.ROOT)) : Optional.empty();
  }

  /** The marks of a guess, a letter each. */
  static String marks(String guess, String secret) {
    char[] marks = new char[LETTERS];
    int[] left = new int[128];
    for (int i = 0; i < LETTERS; i++) {
      marks[i] = guess.charAt(i) == secret.charAt(i) ? 'G' : 'X';
      left[secret.charAt(i)] += marks[i] == 'G' ? 0 : 1;
    }
    for (int i = 0; i < LETTERS; i++) {
      if (marks[i] == 'X' && left[guess.charAt(i)]-- > 0) {
        marks[i] = 'Y';
      }
    }
    return new String(marks);
  }

  private static double score(String marks) {
    return marks.chars().mapToDouble(mark -> mark == 'G' ? 2 : mark == 'Y' ? 1 : 0).sum()
        / (2 * LETTERS);
  }

  private static final class Attempt implements Episode {
    private final String secret;
    private final WordleConfig config;
    private int guesses;
    private int valid;
    private double best;

    Attempt(String secret, WordleConfig config) {
      this.secret = secret;
      this.config = config;
    }

    @Override
    public List<Message> begin() {
      String shown =
          secret.substring(0, config.revealed()) + "_".repeat(LETTERS - config.revealed());
      return List.of(
          Message.system(
              ("Find the secret word of five letters in at most %d guesses. Answer with one word of"
                      + " five letters only. Each guess is marked letter by letter: G is right, Y is"
                      + " in another place, X is not in the word.")
                  .formatted(config.guesses())),
          Message.user(shown));
    }

    @Override
    public Step next(Answer answer) {
      guesses++;
      Optional<String> guess = guess(answer.text());
      Optional<String> marks = guess.map(word -> marks(word, secret));
      valid += guess.isPresent() ? 1 : 0;
      best = Math.max(best, marks.map(Wordle::score).orElse(0.0));
      if (best == 1 || guesses == config.guesses()) {
        return cutOff();
      }
      return Step.Next.user(
          guess.isEmpty()
              ? "That is no word of five letters."
              : "%s %s".formatted(guess.get(), marks.orElseThrow()));
    }

    @Override
    public Step.End cutOff() {
      boolean solved = best == 1;
      return new Step.End(
          solved ? 1 : best / 2,
          Map.of(
              "solved",
              solved ? 1.0 : 0.0,
              "guesses",
              (double) guesses,
              "valid_guesses",
              guesses == 0 ? 0.0 : (double) valid / guesses));
    }
  }
}
