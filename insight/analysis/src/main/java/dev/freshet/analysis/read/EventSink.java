package dev.freshet.analysis.read;

/** Takes the events of one source in the order of its lines. */
@FunctionalInterface
public interface EventSink {
  /**
   * @param stamp the time of day in the line's prefix
   * @param line its number in the source, from 1
   */
  void accept(Event event, Stamp stamp, long line);
}
