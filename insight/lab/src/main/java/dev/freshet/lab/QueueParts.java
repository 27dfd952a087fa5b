package dev.freshet.lab;

import dev.freshet.analysis.Distribution;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.UpdatePart;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Where the queue time of admin calls went.
 *
 * @param queueMs the sum of the parts
 * @param parts each part of the queue time; empty distributions for what a server does not report
 */
public record QueueParts(Distribution queueMs, Map<UpdatePart, Distribution> parts) {
  /** The parts, in order of time. */
  public static final List<UpdatePart> PARTS =
      List.of(UpdatePart.CONNECT, UpdatePart.ACCEPT, UpdatePart.HANDLER, UpdatePart.ANSWER);

  /** Of these calls. */
  public static QueueParts of(List<AdminTimings> calls) {
    Map<UpdatePart, Distribution> parts = new EnumMap<>(UpdatePart.class);
    PARTS.forEach(part -> parts.put(part, of(calls, part)));
    return new QueueParts(of(calls, UpdatePart.QUEUE), parts);
  }

  private static Distribution of(List<AdminTimings> calls, UpdatePart part) {
    return Distribution.of(calls.stream().flatMap(call -> call.ms(part).stream().boxed()).toList());
  }
}
