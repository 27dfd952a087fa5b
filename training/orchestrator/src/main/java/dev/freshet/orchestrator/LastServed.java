package dev.freshet.orchestrator;

import dev.freshet.fleet.dialect.Target;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLog;
import dev.freshet.weights.PublishedWeights;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Files;
import java.util.List;

/** The weights with which a run that is resumed begins. */
final class LastServed {
  private LastServed() {}

  /**
   * The last version that all servers acknowledged: the policy version when the earlier process
   * ended. If its weights are gone, the newest ones.
   */
  static Target of(UpdateLog updates, PublishedWeights weights) {
    long served =
        updates.read().orElse(List.of()).stream()
            .filter(event -> event.kind() == UpdateEvent.Kind.SERVED)
            .mapToLong(UpdateEvent::version)
            .max()
            .orElse(0);
    long version =
        served == 0 || Files.isDirectory(weights.path(served))
            ? served
            : weights.latest().orElse(0);
    return version == 0
        ? Target.base(UpdateMode.KEEP)
        : Target.of(version, weights.path(version).toAbsolutePath().toString(), UpdateMode.KEEP)
            .ofSaltedRequests();
  }
}
