package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The events of fleets with their times on the common axis. */
final class FleetFacts {
  private final FleetBook book;
  private final SourceTimes times;
  private final Function<Seen.Place, String> where;

  FleetFacts(FleetBook book, SourceTimes times, Function<Seen.Place, String> where) {
    this.book = book;
    this.times = times;
    this.where = where;
  }

  FleetHistory history() {
    List<FleetHistory.Update> updates = new ArrayList<>();
    book.updates().forEach(updated -> updates.add(update(updated)));
    List<FleetHistory.Replica> replicas = new ArrayList<>();
    book.replicas()
        .forEach(
            (server, known) ->
                replicas.add(known.history(server, times, where.apply(known.place()))));
    return new FleetHistory(
        updates,
        replicas,
        book.changes().items().stream().map(this::change).toList(),
        book.interrupted().items().stream().map(this::sentence).toList());
  }

  private FleetHistory.Update update(FleetBook.Updated updated) {
    Event.FleetUpdated event = updated.event();
    return new FleetHistory.Update(
        times.millis(updated.place()),
        updated.place().order(),
        where.apply(updated.place()),
        event.version(),
        event.outcome(),
        event.wallMs(),
        updated.rows().stream().map(FleetFacts::row).toList());
  }

  private static FleetHistory.Row row(Event.ReplicaDone done) {
    return new FleetHistory.Row(
        done.trace().toString(),
        done.server(),
        done.kind(),
        done.version(),
        done.outcome(),
        done.wallMs(),
        done.queueMs(),
        done.phases());
  }

  private FleetHistory.Change change(FleetBook.Changed changed) {
    Event.ReplicaState event = changed.event();
    return new FleetHistory.Change(
        times.millis(changed.place()),
        where.apply(changed.place()),
        event.server(),
        event.state(),
        event.version(),
        event.paused());
  }

  private String sentence(FleetBook.Interrupted interrupted) {
    return Text.of(
        "The update to version %.0f was interrupted by the end of its process, and was to be %s (%s).",
        interrupted.event().version(),
        interrupted.event().decision().equals("finish") ? "finished" : "undone",
        where.apply(interrupted.place()));
  }
}
