package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** One line per event, by time; events without a time in the order of the logs' lines. */
final class Timeline {
  private static final int MOST = 100_000;

  private Timeline() {}

  private record Entry(double millis, long order, String text) {}

  static String text(Analysis analysis) {
    List<Entry> entries =
        new ArrayList<>(
            Stream.concat(
                    analysis.updates().stream().map(Timeline::entry),
                    analysis.moments().stream().map(Timeline::entry))
                .sorted(Comparator.comparingDouble(Entry::millis).thenComparingLong(Entry::order))
                .toList());
    StringBuilder text = new StringBuilder();
    if (entries.size() > MOST) {
      text.append("the last %d of %d%n".formatted(MOST, entries.size()));
      entries = entries.subList(entries.size() - MOST, entries.size());
    }
    entries.forEach(
        entry -> text.append(when(entry.millis())).append("  ").append(entry.text()).append('\n'));
    return text.toString();
  }

  private static String when(double millis) {
    return Double.isNaN(millis) ? "-" : Instant.ofEpochMilli(Math.round(millis)).toString();
  }

  private static Entry entry(Analysis.Update update) {
    return new Entry(
        update.millis(),
        update.order(),
        "%s %s queue_ms=%s rpc_ms=%s wall_ms=%s inflight=%s (%s)"
            .formatted(
                update.op(),
                update.trace(),
                plain(update.queueMs()),
                plain(update.rpcMs()),
                plain(update.wallMs()),
                plain(update.inflight()),
                update.where()));
  }

  private static Entry entry(Analysis.Moment moment) {
    return new Entry(
        moment.millis(),
        moment.order(),
        "%s=%s%s (%s)"
            .formatted(
                moment.metric().label(),
                plain(moment.value()),
                Double.isNaN(moment.step())
                    ? ""
                    : String.format(Locale.ROOT, " step=%.0f", moment.step()),
                moment.where()));
  }

  private static String plain(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.1f", value);
  }
}
