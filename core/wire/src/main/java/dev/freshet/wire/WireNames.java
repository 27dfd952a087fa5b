package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Wire names of enum constants: their names in lower case. */
public final class WireNames {
  private WireNames() {}

  /** The wire name of a constant. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The constant with a wire name.
   *
   * @param field the field of the value, for the error message
   * @throws WireException if there is none
   */
  static <E extends Enum<E>> E find(Class<E> type, String field, String wireName) {
    E[] all = type.getEnumConstants();
    return Arrays.stream(all)
        .filter(constant -> of(constant).equals(wireName))
        .findFirst()
        .orElseThrow(
            () ->
                new WireException(
                    "%s: expected one of %s, got %s"
                        .formatted(
                            field,
                            Arrays.stream(all).map(WireNames::of).collect(Collectors.joining(", ")),
                            Quoted.of(wireName))));
  }
}
