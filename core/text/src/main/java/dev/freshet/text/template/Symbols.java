package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names of one scope while a template is compiled, with Jinja's rules: a name that is assigned
 * in a scope is a variable of that scope, whose value at the beginning is that of the scope around
 * it. Within one scope, the order of reads and assignments in the source decides whether a name
 * that no scope around it has starts with the value given to the rendering, or with none.
 *
 * <p>All reads and assignments of a scope are declared first ({@link #load}, {@link #store}, {@link
 * #parameter}); then references are asked for.
 */
final class Symbols {
  /** The variables of a function: how deep it is nested, and how many there are. */
  private static final class Layout {
    private final int depth;
    private int size;

    Layout(int depth) {
      this.depth = depth;
    }
  }

  private record Variable(Layout layout, int slot) {}

  /** What a variable holds when its scope begins. */
  private sealed interface Load {
    record Parameter() implements Load {}

    record Resolve(String name) implements Load {}

    record Alias(Variable of) implements Load {}

    record Nothing() implements Load {}
  }

  private final @Nullable Symbols parent;
  private final Layout layout;
  private final Map<String, Variable> variables;
  private final Map<String, Variable> refs = new HashMap<>();
  private final Map<Variable, Load> loads = new LinkedHashMap<>();
  private final Set<String> stores = new HashSet<>();

  private Symbols(@Nullable Symbols parent, Layout layout, Map<String, Variable> variables) {
    this.parent = parent;
    this.layout = layout;
    this.variables = variables;
  }

  static Symbols root() {
    return new Symbols(null, new Layout(0), new HashMap<>());
  }

  /** A scope within this one that runs as part of the same function. */
  Symbols scope() {
    return new Symbols(this, layout, new HashMap<>());
  }

  /** A scope within this one that runs as a function of its own. */
  Symbols function() {
    return new Symbols(this, new Layout(layout.depth + 1), new HashMap<>());
  }

  /** This scope as a branch of an {@code if} sees it; {@link #merge} brings branches back. */
  Symbols branch() {
    Symbols branch = new Symbols(parent, layout, variables);
    branch.refs.putAll(refs);
    branch.loads.putAll(loads);
    branch.stores.addAll(stores);
    return branch;
  }

  void merge(List<Symbols> branches) {
    Set<String> assigned = new HashSet<>();
    branches.forEach(branch -> assigned.addAll(branch.stores));
    assigned.removeAll(stores);
    for (Symbols branch : branches) {
      refs.putAll(branch.refs);
      loads.putAll(branch.loads);
      stores.addAll(branch.stores);
    }
    for (String name : assigned) {
      Variable outer = parent == null ? null : parent.find(name);
      Variable own = find(name);
      if (own != null) {
        loads.put(own, outer == null ? new Load.Resolve(name) : new Load.Alias(outer));
      }
    }
  }

  private @Nullable Variable find(String name) {
    Variable variable = refs.get(name);
    return variable != null || parent == null ? variable : parent.find(name);
  }

  private void define(String name, Load load) {
    Variable variable = variables.computeIfAbsent(name, n -> new Variable(layout, layout.size++));
    refs.put(name, variable);
    loads.put(variable, load);
  }

  /** The name is read. */
  void load(String name) {
    if (find(name) == null) {
      define(name, new Load.Resolve(name));
    }
  }

  /** The name is assigned. */
  void store(String name) {
    stores.add(name);
    if (!refs.containsKey(name)) {
      Variable outer = parent == null ? null : parent.find(name);
      define(name, outer == null ? new Load.Nothing() : new Load.Alias(outer));
    }
  }

  /** The name is given a value by what begins the scope. */
  void parameter(String name) {
    stores.add(name);
    define(name, new Load.Parameter());
  }

  /** Where code of this scope finds a name that was declared. */
  Reference reference(String name) {
    Variable variable = find(name);
    if (variable == null) {
      throw new IllegalStateException("name " + name + " was not declared");
    }
    return reference(variable);
  }

  private Reference reference(Variable variable) {
    return new Reference(layout.depth - variable.layout().depth, variable.slot());
  }

  /** The slot of a name that was assigned in this scope. */
  int slot(String name) {
    return reference(name).slot();
  }

  /** The number of variables of the function, once all its scopes are bound. */
  int frameSize() {
    return layout.size;
  }

  /** What happens when the scope begins. */
  ScopeStart start() {
    List<ScopeStart.Step> steps = new ArrayList<>();
    loads.forEach(
        (variable, load) -> {
          switch (load) {
            case Load.Parameter p -> {}
            case Load.Resolve r -> steps.add(new ScopeStart.Step(variable.slot(), r.name(), null));
            case Load.Alias a ->
                steps.add(new ScopeStart.Step(variable.slot(), null, reference(a.of())));
            case Load.Nothing n -> steps.add(new ScopeStart.Step(variable.slot(), null, null));
          }
        });
    return new ScopeStart(List.copyOf(steps));
  }
}
