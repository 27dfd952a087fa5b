package dev.freshet.fleet;

import dev.freshet.trace.FleetPhase;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What an update did on each replica as a text table in milliseconds: a row a replica, a column for
 * each phase that any replica had. The slowest phase of all is marked.
 */
final class PhaseTable {
  private static final int WIDTH = 11;

  private PhaseTable() {}

  /** The table, without a final line end; empty if no replica had a phase. */
  static Optional<String> of(UpdateResult update) {
    List<FleetPhase> phases =
        Stream.of(FleetPhase.values())
            .filter(
                phase -> update.replicas().stream().anyMatch(r -> r.phases().containsKey(phase)))
            .toList();
    if (phases.isEmpty()) {
      return Optional.empty();
    }
    int names =
        update.replicas().stream().mapToInt(r -> r.server().toString().length()).max().orElse(0);
    List<String> head = new ArrayList<>(List.of("outcome"));
    phases.forEach(phase -> head.add(phase.wireName()));
    head.add("wall");
    List<String> lines = new ArrayList<>(List.of(line("phases", names, head)));
    for (ReplicaResult replica : update.replicas()) {
      List<String> cells = new ArrayList<>(List.of(FleetLines.outcome(replica)));
      phases.forEach(phase -> cells.add(cell(update, replica, phase)));
      cells.add(ms(replica.wallMs()));
      lines.add(line(replica.server().toString(), names, cells));
    }
    return Optional.of(String.join(System.lineSeparator(), lines));
  }

  private static String cell(UpdateResult update, ReplicaResult replica, FleetPhase phase) {
    boolean slowest =
        update
            .blame()
            .filter(blame -> blame.phase() == phase)
            .filter(blame -> blame.replica().equals(replica))
            .isPresent();
    String time = replica.phases().containsKey(phase) ? ms(replica.ms(phase)) : "-";
    return slowest ? time + "*" : time;
  }

  private static String line(String name, int names, List<String> cells) {
    StringBuilder line = new StringBuilder("  ").append(name);
    line.append(" ".repeat(Math.max(0, names - name.length())));
    cells.forEach(cell -> line.append(("%" + WIDTH + "s").formatted(cell)));
    return line.toString();
  }

  private static String ms(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
