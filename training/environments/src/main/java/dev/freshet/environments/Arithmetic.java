package dev.freshet.environments;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * The task of computing a term such as {@code 12+7}, in one turn. The reward is 1 for the right
 * number and nothing else, 0.5 for an answer whose last number is right, 0.1 for a wrong number and
 * nothing else, and 0 otherwise, so that a policy first learns the form and then the content.
 */
public final class Arithmetic implements LeveledEnvironment {
  static final String NAME = "arithmetic";

  private static final Message INSTRUCTIONS =
      Message.system("Compute the user's term. Answer with the number only.");

  /**
   * A number with its decimals and the commas of its thousands, so that 0.19 and 1,019 do not end
   * with the number 19. U+2212 is a minus too.
   */
  private static final Pattern NUMBER =
      Pattern.compile("[-\u2212]?(?:\\d{1,3}(?:,\\d{3}){1,4}(?!\\d)|\\d+)(?:\\.\\d+)?");

  /** Characters of a number, above which it is none. */
  private static final int MAX_LENGTH = 20;

  private final Draws draws;
  private final ArithmeticConfig config;

  /**
   * @param seed decides which terms are drawn
   * @throws EnvironmentException if too few terms are possible for a training and a held-out set
   */
  public Arithmetic(ArithmeticConfig config, long seed) {
    this.config = config;
    this.draws =
        new Draws(NAME, seed, random -> term(random, config, config.numbers(), config.maxNumber()));
  }

  /** For each count of numbers from 2: numbers to 9, to 99 and so on, and to the largest one. */
  @Override
  public List<Level> levels() {
    List<Level> levels = new ArrayList<>();
    for (int numbers = 2; numbers <= config.numbers(); numbers++) {
      int nines = 9;
      while (nines < config.maxNumber()) {
        levels.add(level(numbers, nines));
        nines = nines * 10 + 9;
      }
      levels.add(level(numbers, config.maxNumber()));
    }
    return levels;
  }

  private Level level(int numbers, int maxNumber) {
    return new Level(
        "%d numbers to %d".formatted(numbers, maxNumber),
        random -> term(random, config, numbers, maxNumber));
  }

  private static String term(
      SplittableRandom random, ArithmeticConfig config, int numbers, int maxNumber) {
    StringBuilder term = new StringBuilder();
    for (int i = 0; i < numbers; i++) {
      if (i > 0) {
        term.append(config.operators().charAt(random.nextInt(config.operators().length())));
      }
      term.append(random.nextInt(maxNumber + 1));
    }
    return term.toString();
  }

  /** The value of a term; products before sums, from the left. */
  static BigInteger value(String term) {
    BigInteger sum = BigInteger.ZERO;
    for (MatchResult summand :
        Pattern.compile("([+-]?)([\\d*]+)").matcher(term).results().toList()) {
      BigInteger product = BigInteger.ONE;
      for (String factor : summand.group(2).split("\\*", -1)) {
        product = product.multiply(new BigInteger(factor));
      }
      sum = summand.group(1).equals("-") ? sum.subtract(product) : sum.add(product);
    }
    return sum;
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
  public Optional<Demonstration> demonstration(long index) {
    String term = draws.demonstration(index);
    return Optional.of(new Demonstration(messages(term), value(term).toString()));
  }

  @Override
  public Episode start(Problem problem) {
    return new OneTurn(
        messages(problem.text()), answer -> score(answer.text(), value(problem.text())));
  }

  private static List<Message> messages(String term) {
    return List.of(INSTRUCTIONS, Message.user(term));
  }

  static Step.End score(String answer, BigInteger value) {
    List<String> numbers = NUMBER.matcher(answer).results().map(MatchResult::group).toList();
    boolean number = !numbers.isEmpty() && numbers.getLast().length() <= MAX_LENGTH;
    boolean right = number && isValue(numbers.getLast(), value);
    boolean alone = number && numbers.getLast().equals(answer.strip());
    double reward = right ? (alone ? 1 : 0.5) : alone ? 0.1 : 0;
    return new Step.End(
        reward, Map.of("right", right ? 1.0 : 0.0, "number_only", alone ? 1.0 : 0.0));
  }

  private static boolean isValue(String number, BigInteger value) {
    String plain = number.replace(",", "").replace('\u2212', '-');
    return new BigDecimal(plain).compareTo(new BigDecimal(value)) == 0;
  }
}
