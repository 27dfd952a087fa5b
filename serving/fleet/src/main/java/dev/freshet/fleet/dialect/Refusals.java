package dev.freshet.fleet.dialect;

import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WireException;

/** The checks of what an update asks of a program, with errors that name the field. */
final class Refusals {
  private Refusals() {}

  /**
   * @throws WireException if the request is not a whole update to a directory and a version
   */
  static void requireWhole(Dialect dialect, UpdateWeightsRequest request) {
    if (request.phase() != UpdatePhase.ALL) {
      throw new WireException(
          "phase: expected all for a %s server, got '%s'"
              .formatted(dialect.name(), request.phase().wireName()));
    }
    if (request.step().isEmpty()) {
      throw new WireException(
          "step: expected the version of the checkpoint for a %s server, got nothing"
              .formatted(dialect.name()));
    }
  }

  /**
   * @throws WireException if the program cannot do {@code mode}
   */
  static void requireMode(Dialect dialect, UpdateMode mode) {
    if (!dialect.capabilities().modes().contains(mode)) {
      throw new WireException(
          "mode: expected %s for a %s server, got '%s'"
              .formatted(
                  String.join(
                      " or ",
                      dialect.capabilities().modes().stream().map(UpdateMode::wireName).toList()),
                  dialect.name(),
                  mode.wireName()));
    }
  }
}
