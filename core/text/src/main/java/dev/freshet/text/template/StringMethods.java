package dev.freshet.text.template;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}. */
final class StringMethods {
  private static final Set<String> NOT_SUPPORTED =
      Set.of("encode", "translate", "maketrans", "casefold", "format_map");

  private StringMethods() {}

  /** The method of this name; null if Python's {@code str} has none. */
  static @Nullable Function of(String text, String name) {
    Function.Body body = body(text, name);
    return body == null ? null : new Function(name, body);
  }

  private static Function.@Nullable Body body(String text, String name) {
    if (NOT_SUPPORTED.contains(name)) {
      throw TemplateException.unsupported("method '%s' of a str".formatted(name));
    }
    return switch (name) {
      case "strip", "lstrip", "rstrip" -> (a, r) -> StringParts.strip(text, name, a, r.budget());
      case "split", "rsplit" -> (a, r) -> StringSplit.split(text, name, a, r.budget());
      case "splitlines" -> (a, r) -> StringSplit.lines(text, a, r.budget());
      case "partition", "rpartition" -> (a, r) -> StringSplit.partition(text, name, a, r.budget());
      case "startswith", "endswith" -> (a, r) -> StringSearch.starts(text, name, a, r.budget());
      case "find", "rfind", "index", "rindex" ->
          (a, r) -> StringSearch.find(text, name, a, r.budget());
      case "count" -> (a, r) -> StringSearch.count(text, a, r.budget());
      case "replace" -> (a, r) -> StringParts.replace(text, a, r.budget());
      case "removeprefix", "removesuffix" ->
          (a, r) -> StringParts.remove(text, name, a, r.budget());
      case "join" -> (a, r) -> StringParts.join(text, a, r.budget());
      case "format" -> (a, r) -> BraceFormat.format(text, a, r);
      case "center", "ljust", "rjust", "zfill", "expandtabs" ->
          (a, r) -> StringPadding.pad(text, name, a, r.budget());
      case "upper", "lower", "title", "capitalize", "swapcase" ->
          (a, r) -> {
            none(name, a);
            r.budget().text(text.length());
            return StringCase.convert(text, name);
          };
      case "isalpha",
          "isdigit",
          "isdecimal",
          "isnumeric",
          "isalnum",
          "isspace",
          "isupper",
          "islower",
          "istitle",
          "isascii",
          "isprintable",
          "isidentifier" ->
          (a, r) -> {
            none(name, a);
            r.budget().read(text.length());
            return StringKind.is(text, name);
          };
      default -> null;
    };
  }

  private static void none(String name, Arguments arguments) {
    List<Object> unused = arguments.positional(name, 0, 0);
    assert unused.isEmpty();
  }
}
