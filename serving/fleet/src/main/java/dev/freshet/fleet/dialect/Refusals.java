package dev.freshet.fleet.dialect;

import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.WireException;
import java.util.Optional;
import java.util.OptionalLong;

/** The checks of what an update asks for, with errors that name the field. */
final class Refusals {
  private Refusals() {}

  static long present(String field, OptionalLong value) {
    return value.orElseThrow(() -> missing(field, "the version of the checkpoint"));
  }

  static String present(String field, Optional<String> value) {
    return value.orElseThrow(() -> missing(field, "a directory"));
  }

  private static WireException missing(String field, String expected) {
    return new WireException("%s: expected %s, got nothing".formatted(field, expected));
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
