package dev.freshet.lab;

import dev.freshet.analysis.Distribution;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.UpdatePart;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The queue time of admin calls, and its parts.
 *
 * @param queueMs the sum of the parts
 * @param parts every one of {@link #PARTS}; without values if the server does not report it
 */
public record QueueParts(Distribution queueMs, Map<UpdatePart, Distribution> parts) {
  /** The parts that add up to the queue time, in order; accept and answer, not both together. */
  public static final List<UpdatePart> PARTS =
      Arrays.stream(UpdatePart.values())
          .filter(part -> part.parent().equals(Optional.of(UpdatePart.QUEUE)))
          .filter(part -> part != UpdatePart.TRANSFER)
          .toList();

  /** The queue time of these calls. */
  public static QueueParts of(List<AdminTimings> calls) {
    Map<UpdatePart, Distribution> parts = new EnumMap<>(UpdatePart.class);
    PARTS.forEach(part -> parts.put(part, of(calls, part)));
    return new QueueParts(of(calls, UpdatePart.QUEUE), parts);
  }

  private static Distribution of(List<AdminTimings> calls, UpdatePart part) {
    return Distribution.of(calls.stream().flatMap(call -> call.ms(part).stream().boxed()).toList());
  }
}
