package dev.freshet.text.template;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters that make texts. */
final class TextFilters {
  static final Map<String, Filter> ALL =
      Map.ofEntries(
          convert("upper", StringCase::upper),
          convert("lower", StringCase::lower),
          convert("capitalize", StringCase::capitalize),
          convert("title", TextFilters::title),
          Map.entry("trim", TextFilters::trim),
          Map.entry("replace", TextFilters::replace),
          Map.entry("join", TextFilters::join),
          Map.entry("format", TextFilters::format),
          Map.entry("indent", TextFilters::indent),
          Map.entry("truncate", TextFilters::truncate),
          Map.entry("center", TextFilters::center),
          Map.entry("wordcount", TextFilters::wordCount),
          Map.entry("string", TextFilters::string),
          Map.entry("escape", TextFilters::escape),
          Map.entry("e", TextFilters::escape),
          Map.entry("forceescape", TextFilters::forceEscape),
          Map.entry("safe", TextFilters::safe),
          Map.entry("tojson", TextFilters::toJson));

  private TextFilters() {}

  private static Map.Entry<String, Filter> convert(String name, UnaryOperator<String> conversion) {
    return Map.entry(
        name,
        (value, arguments, render) -> {
          arguments.bind(name, 0);
          String text = text(value, render);
          render.budget().text(text.length());
          return like(value, conversion.apply(text));
        });
  }

  private static String text(Object value, Render render) {
    return Repr.str(value, render.budget());
  }

  /** A text made of {@code value}, which stays escaped if the value is. */
  private static Object like(Object value, String text) {
    return value instanceof Markup ? new Markup(text) : text;
  }

  private static boolean isTrue(@Nullable Object argument) {
    return argument != null && Comparison.isTrue(argument);
  }

  /** The first character after white space, hyphens and opening brackets is upper case. */
  private static String title(String text) {
    StringBuilder title = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      int end = at;
      boolean separator = isSeparator(text.charAt(at));
      while (end < text.length() && isSeparator(text.charAt(end)) == separator) {
        end++;
      }
      String part = text.substring(at, end);
      int first = Character.charCount(part.codePointAt(0));
      title
          .append(StringCase.upper(part.substring(0, first)))
          .append(StringCase.lower(part.substring(first)));
      at = end;
    }
    return title.toString();
  }

  private static boolean isSeparator(char c) {
    return Characters.isSpace(c) || "-({[<".indexOf(c) >= 0;
  }

  private static Object trim(Object value, Arguments arguments, Render render) {
    @Nullable Object chars = arguments.bind("trim", 0, "chars")[0];
    boolean blanks = chars == null || chars == None.NONE;
    String set = blanks || chars == null ? null : Texts.require("trim", chars);
    return like(value, StringParts.strip(text(value, render), "strip", set, render.budget()));
  }

  private static Object replace(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("replace", 2, "old", "new", "count");
    Object count = given[2] == null ? None.NONE : given[2];
    return StringParts.replace(
        text(value, render),
        text(required(given[0]), render),
        text(required(given[1]), render),
        count == None.NONE ? -1 : Numbers.index(count),
        render.budget());
  }

  private static Object required(@Nullable Object argument) {
    return argument == null ? None.NONE : argument;
  }

  private static Object join(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("join", 0, "d", "attribute");
    String separator = given[0] == null ? "" : text(given[0], render);
    Object attribute = required(given[1]);
    StringBuilder joined = new StringBuilder();
    for (Iterator<Object> i = Iteration.over(value); i.hasNext(); ) {
      String item = text(Attributes.path(i.next(), attribute, render.budget()), render);
      joined.append(item);
      if (i.hasNext()) {
        joined.append(separator);
      }
      render.budget().read(item.length() + (long) separator.length());
      render.budget().limit(joined.length());
    }
    return joined.toString();
  }

  private static Object format(Object value, Arguments arguments, Render render) {
    if (value instanceof Markup) {
      throw Texts.escaped("the filter 'format'");
    }
    boolean both = !arguments.positional().isEmpty() && !arguments.named().isEmpty();
    if (both) {
      throw TemplateException.failed("format: arguments by position and by name are mixed");
    }
    Dict named = new Dict();
    arguments.named().forEach(named::put);
    return PercentFormat.format(
        text(value, render),
        named.size() > 0 ? named : Tuple.of(arguments.positional()),
        render.budget());
  }

  private static Object indent(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("indent", 0, "width", "first", "blank");
    String text = Texts.require("the filter 'indent'", value);
    Object width = given[0] == null ? (Object) 4L : given[0];
    String indent =
        width instanceof String s ? s : " ".repeat(blanks(Numbers.index(width), render));
    List<Object> lines = StringSplit.lines(text + "\n", false, render.budget());
    render.budget().text(text.length() + (long) lines.size() * (indent.length() + 1));
    StringBuilder indented = new StringBuilder(isTrue(given[1]) ? indent : "");
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).toString();
      if (i > 0) {
        indented.append('\n').append(line.isEmpty() && !isTrue(given[2]) ? "" : indent);
      }
      indented.append(line);
    }
    return indented.toString();
  }

  private static int blanks(int count, Render render) {
    render.budget().text(Math.max(0, count));
    return Math.max(0, count);
  }

  private static Object truncate(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given =
        arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
    int length = given[0] == null ? 255 : Numbers.index(given[0]);
    String end = given[2] == null ? "..." : Texts.require("truncate", given[2]);
    Object leeway = required(given[3]);
    int more = leeway == None.NONE ? 5 : Numbers.index(leeway);
    if (length < Characters.length(end) || more < 0) {
      throw TemplateException.failed(
          "truncate: length %d, leeway %d: expected a length of at least %d",
          length, more, Characters.length(end));
    }
    if (Iteration.length(value) <= (long) length + more) {
      return value;
    }
    String text = Texts.require("the filter 'truncate'", value);
    String kept = text.substring(0, Characters.offset(text, length - Characters.length(end)));
    int blank = isTrue(given[1]) ? -1 : kept.lastIndexOf(' ');
    return (blank < 0 ? kept : kept.substring(0, blank)) + end;
  }

  private static Object center(Object value, Arguments arguments, Render render) {
    @Nullable Object width = arguments.bind("center", 0, "width")[0];
    return like(
        value,
        StringPadding.pad(
            text(value, render),
            "center",
            width == null ? 80 : Numbers.index(width),
            " ",
            render.budget()));
  }

  private static Object wordCount(Object value, Arguments arguments, Render render) {
    arguments.bind("wordcount", 0);
    Matcher words = Pattern.compile("[\\p{L}\\p{N}_]+").matcher(text(value, render));
    return words.results().count();
  }

  private static Object string(Object value, Arguments arguments, Render render) {
    arguments.bind("string", 0);
    return value instanceof Markup ? value : text(value, render);
  }

  private static Object escape(Object value, Arguments arguments, Render render) {
    return value instanceof Markup ? value : forceEscape(value, arguments, render);
  }

  private static Object forceEscape(Object value, Arguments arguments, Render render) {
    arguments.bind("escape", 0);
    String text = text(value, render);
    render.budget().text(text.length() * 5L);
    return Markup.escape(text);
  }

  private static Object safe(Object value, Arguments arguments, Render render) {
    arguments.bind("safe", 0);
    return new Markup(text(value, render));
  }

  private static Object toJson(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given =
        arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
    Object indent = required(given[1]);
    Object separators = required(given[2]);
    String between = indent == None.NONE ? ", " : ",";
    String colon = ": ";
    if (separators != None.NONE) {
      List<Object> pair = Iteration.list(separators, render.budget());
      if (pair.size() != 2) {
        throw TemplateException.failed("tojson: expected two separators, found %d", pair.size());
      }
      between = Texts.require("tojson", pair.get(0));
      colon = Texts.require("tojson", pair.get(1));
    }
    String level =
        indent == None.NONE
            ? null
            : indent instanceof String s ? s : " ".repeat(blanks(Numbers.index(indent), render));
    return Json.dumps(
        value,
        new Json.Style(isTrue(given[0]), level, between, colon, isTrue(given[3])),
        render.budget());
  }
}
