package dev.freshet.orchestrator;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The share of failed rollouts among the last ones that ended. Cancelled rollouts do not count. Not
 * thread-safe.
 */
final class FailedShare {
  private final int window;
  private final double most;
  private final Deque<Optional<FailureReason>> last = new ArrayDeque<>();
  private final Map<FailureReason, Integer> failed = new EnumMap<>(FailureReason.class);

  /**
   * @param window how many rollouts count
   * @param most the largest share that is permitted
   */
  FailedShare(int window, double most) {
    this.window = window;
    this.most = most;
  }

  /** A rollout ended. Returns why the run must end, if the share is too large now. */
  Optional<OrchestratorException> ended(RolloutResult result) {
    switch (result) {
      case RolloutResult.Done d -> add(Optional.empty());
      case RolloutResult.Failed f -> {
        add(Optional.of(f.reason()));
        int count = failed.values().stream().mapToInt(Integer::intValue).sum();
        if (last.size() == window && count > most * window) {
          return Optional.of(tooMany(count, f.why()));
        }
      }
      case RolloutResult.Cancelled c -> {}
    }
    return Optional.empty();
  }

  private void add(Optional<FailureReason> reason) {
    if (last.size() == window) {
      last.removeFirst().ifPresent(oldest -> failed.merge(oldest, -1, Integer::sum));
    }
    last.addLast(reason);
    reason.ifPresent(newest -> failed.merge(newest, 1, Integer::sum));
  }

  private OrchestratorException tooMany(int count, String why) {
    String reasons =
        failed.entrySet().stream()
            .filter(entry -> entry.getValue() > 0)
            .map(entry -> "%s %d".formatted(entry.getKey().wireName(), entry.getValue()))
            .collect(Collectors.joining(", "));
    return new OrchestratorException(
        "%d of the last %d rollouts failed (%s): expected at most orchestrator.max_failed_share = %s of them; the last: %s"
            .formatted(count, window, reasons, most, why));
  }
}
