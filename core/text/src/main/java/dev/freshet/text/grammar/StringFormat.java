package dev.freshet.text.grammar;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The formats of strings that a schema may name, by RFC 3339, RFC 4122 and RFC 2673. */
enum StringFormat {
  DATE("date", Texts.DATE),
  TIME("time", Texts.TIME),
  DATE_TIME("date-time", Texts.DATE + "T" + Texts.TIME),
  UUID("uuid", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
  IPV4("ipv4", Texts.BYTE + "(\\." + Texts.BYTE + "){3}"),
  EMAIL(
      "email",
      Texts.LOCAL + "(\\." + Texts.LOCAL + ")*@" + Texts.LABEL + "(\\." + Texts.LABEL + ")+");

  /** The parts of formats. */
  private static final class Texts {
    static final String DATE =
        "[12]\\d{3}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])"
            + "|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))";

    static final String TIME =
        "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)";

    static final String BYTE = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    static final String LOCAL = "[A-Za-z0-9_+-]+";
    static final String LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
  }

  private final String wireName;
  private final String pattern;

  StringFormat(String wireName, String pattern) {
    this.wireName = wireName;
    this.pattern = pattern;
  }

  static Optional<StringFormat> of(String name) {
    return Arrays.stream(values()).filter(one -> one.wireName.equals(name)).findFirst();
  }

  /** The names of all formats, for messages. */
  static String names() {
    return Arrays.stream(values()).map(one -> one.wireName).collect(Collectors.joining(", "));
  }

  Pattern pattern() {
    return PatternParser.parse(pattern);
  }
}
