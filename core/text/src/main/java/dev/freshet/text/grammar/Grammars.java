package dev.freshet.text.grammar;

import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Makes grammars. Every method takes up to about a second, and a few for recursive schemas; its
 * memory is bounded.
 */
public final class Grammars {
  private Grammars() {}

  /** Any JSON object. */
  public static ByteGrammar jsonObject() {
    return new JsonObjectGrammar();
  }

  /**
   * The instances of a JSON schema.
   *
   * @param schema a {@code Map} as a JSON reader makes it, or a {@code Boolean}
   * @throws GrammarException that names the keyword that is not supported
   */
  public static ByteGrammar schema(@Nullable Object schema) {
    return Recursion.bounded(
        recursion -> {
          Nfa nfa = new Nfa();
          int start = nfa.state();
          return AutomatonGrammar.of(nfa, start, SchemaGrammar.add(nfa, start, schema, recursion));
        });
  }

  /**
   * The texts that a regular expression matches as a whole.
   *
   * @throws GrammarException if it is malformed, or not regular
   */
  public static ByteGrammar pattern(String pattern) {
    Nfa nfa = new Nfa();
    int start = nfa.state();
    return AutomatonGrammar.of(
        nfa, start, PatternParser.parse(pattern).addWhole(nfa, start, Pattern.PLAIN));
  }

  /** One of several texts, at least one. */
  public static ByteGrammar choice(List<String> texts) {
    return AutomatonGrammar.choice(texts);
  }

  /** Any text up to a tag, and then the texts of a grammar. */
  public static ByteGrammar after(String tag, ByteGrammar grammar) {
    return new AfterTag(tag, grammar);
  }

  /**
   * A text of calls of tools.
   *
   * @param tools those that may be called, at least one
   * @param several whether there may be more than one call
   * @throws GrammarException if a schema is not supported; its place begins with the tool's
   */
  public static ByteGrammar calls(CallForm form, List<Tool> tools, boolean several) {
    return Recursion.bounded(recursion -> calls(form, tools, several, recursion));
  }

  private static ByteGrammar calls(
      CallForm form, List<Tool> tools, boolean several, Recursion recursion) {
    Nfa nfa = new Nfa();
    int start = nfa.state();
    int begin = nfa.state();
    nfa.jump(start, begin);
    int end =
        nfa.either(
            begin,
            tools.stream()
                .<IntUnaryOperator>map(tool -> at -> call(nfa, at, form, tool, recursion))
                .toList());
    if (several) {
      nfa.jump(nfa.text(end, form.between()), begin);
    }
    return AutomatonGrammar.of(nfa, start, end);
  }

  private static int call(Nfa nfa, int from, CallForm form, Tool tool, Recursion recursion) {
    int name = nfa.text(from, form.before() + "{\"name\": ");
    int field = nfa.text(name, JsonText.of(tool.name()) + ", \"" + form.field() + "\": ");
    try {
      return nfa.text(
          SchemaGrammar.add(nfa, field, tool.parameters(), recursion), "}" + form.after());
    } catch (GrammarException e) {
      throw new GrammarException(tool.place() + e.place(), e.expected(), e);
    }
  }

  /**
   * How a model writes a call of a tool: an object with its name and its arguments.
   *
   * @param before the text before the object
   * @param field the name of the arguments
   * @param after the text after the object
   * @param between the text between two calls
   */
  public record CallForm(String before, String field, String after, String between) {}

  /**
   * A tool that may be called.
   *
   * @param place a JSON pointer to the schema, for errors
   * @param parameters the schema of its arguments
   */
  public record Tool(String name, String place, @Nullable Object parameters) {}
}
