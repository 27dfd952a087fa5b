package dev.freshet.text.template;

import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What an assignment or a loop gives a value to. */
sealed interface Target {
  void assign(Frame frame, Object value);

  /** Visits the names that become variables. */
  void names(Consumer<String> visitor);

  /** Declares what must be found to assign, other than {@link #names}. */
  default void declare(Symbols symbols) {}

  void bind(Symbols symbols);

  /** The same target, to be bound in another scope. */
  Target copy();

  /** A name. */
  final class Variable implements Target {
    private final String name;
    private int slot = -1;

    Variable(String name) {
      this.name = name;
    }

    @Override
    public void assign(Frame frame, Object value) {
      frame.set(slot, value);
    }

    @Override
    public void names(Consumer<String> visitor) {
      visitor.accept(name);
    }

    @Override
    public void bind(Symbols symbols) {
      slot = symbols.slot(name);
    }

    @Override
    public Target copy() {
      return new Variable(name);
    }
  }

  /** Names that share the items of a value. */
  record Unpacked(List<Target> targets) implements Target {
    @Override
    public void assign(Frame frame, Object value) {
      Iterator<Object> items = Iteration.over(value);
      Object[] values = new Object[targets.size()];
      for (int i = 0; i < values.length; i++) {
        if (!items.hasNext()) {
          throw TemplateException.failed(
              "not enough values to unpack: expected %d, found %d", values.length, i);
        }
        values[i] = items.next();
      }
      if (items.hasNext()) {
        throw TemplateException.failed("too many values to unpack: expected %d", values.length);
      }
      for (int i = 0; i < values.length; i++) {
        targets.get(i).assign(frame, values[i]);
      }
    }

    @Override
    public void names(Consumer<String> visitor) {
      targets.forEach(target -> target.names(visitor));
    }

    @Override
    public void declare(Symbols symbols) {
      targets.forEach(target -> target.declare(symbols));
    }

    @Override
    public void bind(Symbols symbols) {
      targets.forEach(target -> target.bind(symbols));
    }

    @Override
    public Target copy() {
      return new Unpacked(targets.stream().map(Target::copy).toList());
    }
  }

  /** An attribute of a namespace. */
  final class Attribute implements Target {
    private final String namespace;
    private final String attribute;
    private @Nullable Reference variable;

    Attribute(String namespace, String attribute) {
      this.namespace = namespace;
      this.attribute = attribute;
    }

    @Override
    public void assign(Frame frame, Object value) {
      Object object = variable == null ? null : frame.get(variable);
      if (!(object instanceof Namespace assigned)) {
        throw TemplateException.failed(
            "cannot assign attribute '%s' of '%s': it is not a namespace", attribute, namespace);
      }
      assigned.set(attribute, value);
    }

    @Override
    public void names(Consumer<String> visitor) {}

    @Override
    public void declare(Symbols symbols) {
      symbols.load(namespace);
    }

    @Override
    public void bind(Symbols symbols) {
      variable = symbols.reference(namespace);
    }

    @Override
    public Target copy() {
      return new Attribute(namespace, attribute);
    }
  }
}
