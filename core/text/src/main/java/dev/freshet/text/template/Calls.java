package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Expressions that call functions, filters and tests. */
final class Calls {
  private Calls() {}

  /**
   * The arguments of a call in the source.
   *
   * @param list what follows {@code *}, or null
   * @param dict what follows {@code **}, or null
   */
  record ArgumentList(
      List<Expression> positional,
      Map<String, Expression> named,
      @Nullable Expression list,
      @Nullable Expression dict) {
    static final ArgumentList NONE = new ArgumentList(List.of(), Map.of(), null, null);

    Arguments evaluate(Frame frame) {
      if (positional.isEmpty() && named.isEmpty() && list == null && dict == null) {
        return Arguments.NONE;
      }
      List<Object> values = new ArrayList<>(positional.size());
      for (Expression argument : positional) {
        values.add(argument.evaluate(frame));
      }
      if (list != null) {
        values.addAll(Iteration.list(list.evaluate(frame), frame.budget()));
      }
      Map<String, Object> byName = new LinkedHashMap<>();
      named.forEach((name, argument) -> byName.put(name, argument.evaluate(frame)));
      if (dict != null) {
        addAll(dict.evaluate(frame), byName);
      }
      return new Arguments(values, byName);
    }

    private static void addAll(Object value, Map<String, Object> byName) {
      if (!(value instanceof Dict more)) {
        throw TemplateException.failed(
            "argument after ** must be a mapping, not %s", Types.name(value));
      }
      for (Dict.Item item : more.items()) {
        if (byName.put(Texts.require("keyword", item.key()), item.value()) != null) {
          throw TemplateException.failed("two values for keyword argument '%s'", item.key());
        }
      }
    }

    void children(Consumer<Expression> visitor) {
      positional.forEach(visitor);
      named.values().forEach(visitor);
      if (list != null) {
        visitor.accept(list);
      }
      if (dict != null) {
        visitor.accept(dict);
      }
    }
  }

  record Call(Expression function, ArgumentList arguments) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      Object callee = function.evaluate(frame);
      return call(callee, arguments.evaluate(frame), frame.render());
    }

    /** The call of a call block, which passes its body. */
    Object evaluate(Frame frame, Macro caller) {
      Object callee = function.evaluate(frame);
      Arguments given = arguments.evaluate(frame);
      return call(callee, given.with("caller", caller), frame.render());
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(function);
      arguments.children(visitor);
    }
  }

  static Object call(Object callee, Arguments arguments, Render render) {
    render.budget().step();
    return switch (callee) {
      case Function f -> f.call(arguments, render);
      case Macro m -> m.call(arguments, render);
      case Loop l -> l.recurse(arguments);
      case Undefined u -> throw u.failure();
      default -> throw TemplateException.failed("'%s' object is not callable", Types.name(callee));
    };
  }

  /**
   * {@code value | name(arguments)}.
   *
   * @param filter null if there is none of this name; evaluating it is an error then
   */
  record Filtered(Expression value, String name, @Nullable Filter filter, ArgumentList arguments)
      implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      Object input = value.evaluate(frame);
      if (filter == null) {
        throw Filters.unknown(name);
      }
      frame.budget().step();
      return filter.apply(input, arguments.evaluate(frame), frame.render());
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(value);
      arguments.children(visitor);
    }
  }

  /** {@code value is name(arguments)}; the test is null as the filter of {@link Filtered} is. */
  record Tested(Expression value, String name, @Nullable Test test, ArgumentList arguments)
      implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      Object input = value.evaluate(frame);
      if (test == null) {
        throw Tests.unknown(name);
      }
      frame.budget().step();
      return test.holds(input, arguments.evaluate(frame), frame.render());
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(value);
      arguments.children(visitor);
    }
  }
}
