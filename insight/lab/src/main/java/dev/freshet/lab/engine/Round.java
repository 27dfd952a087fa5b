package dev.freshet.lab.engine;

import dev.freshet.analysis.Distribution;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * One batch of completions that were requested at once, as the client saw it.
 *
 * @param answers in the order in which they were requested
 * @param seconds from the first request to the end of the last completion
 * @param clientCpuSeconds processor time of the client's process meanwhile
 */
record Round(List<Answer> answers, double seconds, double clientCpuSeconds) {
  /**
   * A completion, in milliseconds since the round's begin.
   *
   * @param tokens generated tokens, counted by their ids
   */
  record Answer(int promptTokens, int tokens, double sentMs, double firstMs, double endMs) {}

  /** A change of the number of running completions. */
  private record Change(double ms, int by) {}

  /** Generated tokens a second, the time for the prompts included. */
  double tokensPerS() {
    return answers.stream().mapToInt(Answer::tokens).sum() / seconds;
  }

  /** Tokens of prompts a second. A prompt counts for each of its completions. */
  double promptTokensPerS() {
    return answers.stream().mapToInt(Answer::promptTokens).sum() / seconds;
  }

  /** From a request to its first token. */
  Distribution ttftMs() {
    return Distribution.of(
        answers.stream().map(answer -> answer.firstMs() - answer.sentMs()).toList());
  }

  /** From a token to the next one of the same completion, by completion. */
  Distribution tokenMs() {
    return Distribution.of(
        answers.stream()
            .filter(answer -> answer.tokens() > 1)
            .map(answer -> (answer.endMs() - answer.firstMs()) / (answer.tokens() - 1))
            .toList());
  }

  /** The most completions that were between their first and their last token at the same time. */
  int mostRunning() {
    List<Change> changes =
        answers.stream()
            .flatMap(
                answer ->
                    Stream.of(new Change(answer.firstMs(), 1), new Change(answer.endMs(), -1)))
            .sorted(Comparator.comparingDouble(Change::ms).thenComparingInt(Change::by))
            .toList();
    int running = 0;
    int most = 0;
    for (Change change : changes) {
      running += change.by();
      most = Math.max(most, running);
    }
    return most;
  }

  /** Cores that the client's process used. */
  double clientCores() {
    return clientCpuSeconds / seconds;
  }
}
