package dev.freshet.fleet;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An update of the fleet in log lines: {@code [fleet][trace] replica.done} for each server, with a
 * field for each phase that it had, and {@code [fleet] update.done} with the slowest of them.
 */
final class FleetLines {
  private FleetLines() {}

  static List<String> of(UpdateResult update) {
    List<String> lines = new ArrayList<>();
    update.replicas().forEach(replica -> lines.add(line(replica)));
    StringBuilder done =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "[fleet] update.done version=%d outcome=%s servers=%d wall_ms=%.1f",
                update.version(),
                update.outcome().wireName(),
                update.replicas().size(),
                update.wallMs()));
    update
        .blame()
        .ifPresent(
            blame ->
                done.append(
                    String.format(
                        Locale.ROOT,
                        " slowest=%s phase=%s phase_ms=%.1f",
                        blame.replica().server(),
                        blame.phase().wireName(),
                        blame.ms())));
    lines.add(done.toString());
    return lines;
  }

  private static String line(ReplicaResult replica) {
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "[fleet][%s] replica.done wall_ms=%.1f server=%s kind=%s version=%d outcome=%s",
                replica.trace().hex(),
                replica.wallMs(),
                replica.server(),
                replica.dialect(),
                replica.version(),
                replica.moved() ? "moved" : replica.rejected() ? "refused" : "failed"));
    replica
        .timings()
        .queueMs()
        .ifPresent(ms -> line.append(String.format(Locale.ROOT, " queue_ms=%.1f", ms)));
    for (Phase phase : Phase.values()) {
      if (replica.phases().containsKey(phase)) {
        line.append(String.format(Locale.ROOT, " %s_ms=%.1f", phase.wireName(), replica.ms(phase)));
      }
    }
    return line.toString();
  }
}
