package dev.freshet.lab;

import dev.freshet.analysis.Distribution;
import dev.freshet.trace.AdminTimings;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Where the time of admin calls went beside the engine's work on them; see {@link AdminTimings}.
 *
 * @param queueMs the sum of the others
 */
public record QueueParts(
    Distribution queueMs,
    Distribution connectMs,
    Distribution acceptMs,
    Distribution handlerMs,
    Distribution answerMs) {

  /** Of these calls; a part that a server does not tell is left out. */
  public static QueueParts of(List<AdminTimings> calls) {
    return new QueueParts(
        of(calls, AdminTimings::queueMs),
        of(calls, call -> OptionalDouble.of(call.connectMs())),
        of(calls, AdminTimings::acceptMs),
        of(calls, AdminTimings::handlerMs),
        of(calls, AdminTimings::answerMs));
  }

  private static Distribution of(
      List<AdminTimings> calls, Function<AdminTimings, OptionalDouble> part) {
    return Distribution.of(
        calls.stream().map(part).flatMapToDouble(OptionalDouble::stream).boxed().toList());
  }
}
