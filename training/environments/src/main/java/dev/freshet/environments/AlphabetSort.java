package dev.freshet.environments;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * The task of sorting words, in several turns: each turn gives some words, and the right answer is
 * all words so far in alphabetical order. A problem's text has the words of a turn separated by
 * spaces, and the turns by {@code |}. The reward is the mean over the turns of the {@link
 * Similarity} of the words of the answer and of the right answer.
 */
public final class AlphabetSort implements TurnEnvironment {
  static final String NAME = "alphabet-sort";

  private static final String ONCE =
      "Sort the words alphabetically. Answer with the words only, separated by spaces.";
  private static final String AGAIN = ONCE + " When more words are given, sort all words so far.";

  private final Draws draws;

  /**
   * @param seed decides which words are drawn
   * @throws EnvironmentException if too few problems are possible for two sets
   */
  public AlphabetSort(AlphabetSortConfig config, long seed) {
    this.draws = new Draws(NAME, seed, random -> words(random, config));
  }

  private static String words(SplittableRandom random, AlphabetSortConfig config) {
    List<String> left = new ArrayList<>(FiveLetterWords.ALL);
    List<String> turns = new ArrayList<>();
    for (int turn = 0; turn < config.turns(); turn++) {
      int count = random.nextInt(config.minWords(), config.maxWords() + 1);
      List<String> words = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        words.add(left.remove(random.nextInt(left.size())));
      }
      turns.add(String.join(" ", words));
    }
    return String.join("|", turns);
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
    return new Attempt(List.of(problem.text().split("\\|")));
  }

  /** The words of a text, in lower case. */
  static List<String> words(String text) {
    return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^\\p{L}]+"))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private static final class Attempt implements Episode {
    private final int turns;
    private final Iterator<String> given;
    private final List<String> sorted = new ArrayList<>();
    private double similarity;
    private int exact;

    Attempt(List<String> given) {
      this.turns = given.size();
      this.given = given.iterator();
    }

    @Override
    public List<Message> begin() {
      return List.of(Message.system(turns == 1 ? ONCE : AGAIN), give());
    }

    private Message give() {
      String words = given.next();
      sorted.addAll(words(words));
      return Message.user(words);
    }

    @Override
    public Step next(Answer answer) {
      List<String> right = sorted.stream().sorted().collect(Collectors.toList());
      double alike = Similarity.of(words(answer.text()), right);
      similarity += alike;
      exact += alike == 1 ? 1 : 0;
      return given.hasNext() ? new Step.Next(List.of(give())) : cutOff();
    }

    /** Turns that were not taken count as 0. */
    @Override
    public Step.End cutOff() {
      return new Step.End(similarity / turns, Map.of("exact_turns", (double) exact / turns));
    }
  }
}
