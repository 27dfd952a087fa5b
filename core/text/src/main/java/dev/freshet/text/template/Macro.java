package dev.freshet.text.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A macro, or the body of a call block, with the variables around its definition. */
record Macro(MacroBody body, Frame outer) {
  String name() {
    return body.name();
  }

  @Nullable Object attribute(String name) {
    return switch (name) {
      case "name" -> body.name();
      case "arguments" -> Tuple.of(List.copyOf(body.parameters()));
      case "catch_kwargs" -> body.readsKwargs();
      case "catch_varargs" -> body.readsVarargs();
      case "caller" -> body.readsCaller();
      default -> null;
    };
  }

  /** The text of the body for these arguments. */
  String call(Arguments arguments, Render render) {
    Budget budget = render.budget();
    budget.enter(body.height());
    String text = body.render(frame(arguments, render));
    budget.leave(body.height());
    return text;
  }

  private Frame frame(Arguments arguments, Render render) {
    Frame frame = new Frame(body.frameSize(), outer, render);
    List<String> parameters = body.parameters();
    List<Object> given = arguments.positional();
    Map<String, Object> named = new LinkedHashMap<>(arguments.named());
    for (int i = 0; i < parameters.size(); i++) {
      Object value = i < given.size() ? given.get(i) : named.remove(parameters.get(i));
      frame.set(body.slot(parameters.get(i)), value);
    }
    if (body.readsCaller() && !parameters.contains("caller")) {
      Object caller = named.remove("caller");
      frame.set(
          body.slot("caller"), caller == null ? new Undefined("no caller is defined") : caller);
    }
    if (body.readsKwargs()) {
      Dict kwargs = new Dict();
      named.forEach(kwargs::put);
      frame.set(body.slot("kwargs"), kwargs);
    } else if (!named.isEmpty()) {
      throw TemplateException.failed(
          "macro '%s' takes no keyword argument '%s'", name(), named.keySet().iterator().next());
    }
    List<Object> more = given.subList(Math.min(given.size(), parameters.size()), given.size());
    if (body.readsVarargs()) {
      frame.set(body.slot("varargs"), Tuple.of(more));
    } else if (!more.isEmpty()) {
      throw TemplateException.failed(
          "macro '%s' takes at most %d arguments, %d given",
          name(), parameters.size(), given.size());
    }
    return frame;
  }
}
