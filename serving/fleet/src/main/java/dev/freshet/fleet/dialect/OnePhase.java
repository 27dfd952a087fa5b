package dev.freshet.fleet.dialect;

import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WireException;

/** Rejects single phases of an update, which are calls of Freshet servers only. */
final class OnePhase {
  private OnePhase() {}

  static void refuse(Dialect dialect, UpdateWeightsRequest request) {
    if (request.phase() != UpdatePhase.ALL) {
      throw new WireException(
          "phase: expected all for a %s server, got '%s'"
              .formatted(dialect.name(), request.phase().wireName()));
    }
  }
}
