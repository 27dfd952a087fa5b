package dev.freshet.trainer;

import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLogCursor;
import java.util.OptionalLong;

/**
 * Which versions a server may still have to load, according to the update log: the newest one that
 * is served, to which a server that returns is brought, and all newer ones. Without an update log
 * none is known. Used by one thread; the owner closes it.
 */
final class VersionsInUse implements AutoCloseable {
  private final UpdateLogCursor updates;
  private OptionalLong served = OptionalLong.empty();

  /**
   * @param updates a cursor at the beginning of the update log; closed with this object
   */
  VersionsInUse(UpdateLogCursor updates) {
    this.updates = updates;
  }

  /**
   * The oldest of them.
   *
   * @throws dev.freshet.rollouts.BatchException if the update log cannot be read
   */
  OptionalLong oldest() {
    updates
        .read()
        .ifPresent(
            read -> {
              if (read.fromBeginning()) {
                served = OptionalLong.empty();
              }
              read.events().stream()
                  .filter(event -> event.kind() == UpdateEvent.Kind.SERVED)
                  .mapToLong(UpdateEvent::version)
                  .forEach(version -> served = OptionalLong.of(version));
            });
    return served;
  }

  @Override
  public void close() {
    updates.close();
  }
}
