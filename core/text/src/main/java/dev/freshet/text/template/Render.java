package dev.freshet.text.template;

import java.time.Clock;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One rendering in progress: its variables, its output and what it has used. Of one thread. */
final class Render {
  private final Map<String, Object> variables;
  private final Clock clock;
  private final Budget budget;
  private final Output output;
  private final List<Rendering.Span> generations = new ArrayList<>();

  Render(Map<String, Object> variables, Clock clock, Limits limits) {
    this.variables = variables;
    this.clock = clock;
    this.budget = new Budget(limits);
    this.output = new Output(budget);
  }

  Budget budget() {
    return budget;
  }

  /** The text of the prompt so far. */
  Output output() {
    return output;
  }

  /** The value of a name that no scope of the template declares, or null. */
  @Nullable Object resolve(String name) {
    Object value = variables.get(name);
    return value != null ? value : Globals.named(name);
  }

  LocalDateTime now() {
    return LocalDateTime.now(clock);
  }

  /** Notes the text of a generation block that begins where the output ends now. */
  void generated(String text) {
    int start = output.length();
    generations.add(new Rendering.Span(start, start + text.length()));
  }

  Rendering rendering() {
    return new Rendering(output.toString(), List.copyOf(generations));
  }
}
