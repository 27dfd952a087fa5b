package dev.freshet.wire;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Constants on the wire: their names in lower case. */
public final class WireNames {
  private WireNames() {}

  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The constant of a wire name.
   *
   * @param field what the value stands in, for the error
   * @throws WireException if there is none of that name
   */
  static <E extends Enum<E>> E find(Class<E> type, String field, String wireName) {
    E[] all = type.getEnumConstants();
    return Arrays.stream(all)
        .filter(constant -> of(constant).equals(wireName))
        .findFirst()
        .orElseThrow(
            () ->
                new WireException(
                    "%s: expected one of %s, got '%s'"
                        .formatted(
                            field,
                            Arrays.stream(all).map(WireNames::of).collect(Collectors.joining(", ")),
                            wireName)));
  }
}
