package dev.freshet.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives the variables of a scope the values that they have when it begins. */
record ScopeStart(List<Step> steps) {
  /**
   * One variable.
   *
   * @param name the name to look up in what was given to the rendering, or null
   * @param alias the variable of another scope to copy, or null
   */
  record Step(int slot, @Nullable String name, @Nullable Reference alias) {}

  void run(Frame frame) {
    for (Step step : steps) {
      frame.set(
          step.slot(),
          step.name() != null
              ? frame.render().resolve(step.name())
              : step.alias() != null ? frame.get(step.alias()) : null);
    }
  }
}
