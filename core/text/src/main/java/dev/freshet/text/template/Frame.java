package dev.freshet.text.template;

import org.jspecify.annotations.Nullable;

/** The variables of one run of the template, a macro or another body that runs as a function. */
final class Frame {
  private final @Nullable Object[] slots;
  private final @Nullable Frame outer;
  private final Render render;

  /**
   * @param size the number of variables
   * @param outer the frame of the code around this body; null for the template itself
   */
  Frame(int size, @Nullable Frame outer, Render render) {
    this.slots = new Object[size];
    this.outer = outer;
    this.render = render;
  }

  Render render() {
    return render;
  }

  Budget budget() {
    return render.budget();
  }

  /** The value of a variable, or null if it has none now. */
  @Nullable Object get(Reference variable) {
    Frame frame = this;
    for (int i = variable.hops(); i > 0 && frame.outer != null; i--) {
      frame = frame.outer;
    }
    return frame.slots[variable.slot()];
  }

  void set(int slot, @Nullable Object value) {
    slots[slot] = value;
  }
}
