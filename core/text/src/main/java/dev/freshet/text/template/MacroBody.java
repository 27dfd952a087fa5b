package dev.freshet.text.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a macro or call block runs: a function of its own, whose parameters are variables. {@code
 * caller}, {@code kwargs} and {@code varargs} are further parameters if the body reads them.
 */
final class MacroBody {
  private static final String CALLER = "caller";
  private static final String KWARGS = "kwargs";
  private static final String VARARGS = "varargs";

  private final String name;
  private final List<String> parameters;

  /** The values of the last parameters, where none are given. */
  private final List<Expression> defaults;

  private final Block block;
  private final int height;
  private final boolean readsCaller;
  private final boolean readsKwargs;
  private final boolean readsVarargs;
  private final Map<String, Integer> slots = new HashMap<>();
  private ScopeStart start = new ScopeStart(List.of());
  private int frameSize;

  /**
   * @param height the levels of statements and expressions in the body
   */
  MacroBody(
      String name, List<String> parameters, List<Expression> defaults, Block block, int height) {
    this.name = name;
    this.parameters = parameters;
    this.defaults = defaults;
    this.block = block;
    this.height = height;
    this.readsCaller = block.reads(CALLER);
    this.readsKwargs = block.reads(KWARGS) && !parameters.contains(KWARGS);
    this.readsVarargs = block.reads(VARARGS) && !parameters.contains(VARARGS);
  }

  void bind(Symbols outer) {
    Symbols symbols = outer.function();
    parameters.forEach(symbols::parameter);
    declareIf(readsCaller && !parameters.contains(CALLER), CALLER, symbols);
    declareIf(readsKwargs, KWARGS, symbols);
    declareIf(readsVarargs, VARARGS, symbols);
    defaults.forEach(value -> value.declare(symbols));
    block.declare(symbols);
    defaults.forEach(value -> value.bind(symbols));
    block.bind(symbols);
    parameters.forEach(parameter -> slots.put(parameter, symbols.slot(parameter)));
    start = symbols.start();
    frameSize = symbols.frameSize();
  }

  private void declareIf(boolean read, String parameter, Symbols symbols) {
    if (read) {
      symbols.parameter(parameter);
      slots.put(parameter, symbols.slot(parameter));
    }
  }

  /** Runs the body in a frame that has the arguments given; the others are filled in. */
  String render(Frame frame) {
    start.run(frame);
    for (int i = 0; i < parameters.size(); i++) {
      Reference variable = new Reference(0, slot(parameters.get(i)));
      if (frame.get(variable) == null) {
        int usual = i - parameters.size() + defaults.size();
        frame.set(
            variable.slot(),
            usual >= 0
                ? defaults.get(usual).evaluate(frame)
                : new Undefined("parameter '%s' was not provided".formatted(parameters.get(i))));
      }
    }
    return block.text(frame);
  }

  boolean reads(String read) {
    return block.reads(read) || defaults.stream().anyMatch(value -> value.reads(read));
  }

  String name() {
    return name;
  }

  List<String> parameters() {
    return parameters;
  }

  boolean readsCaller() {
    return readsCaller;
  }

  boolean readsKwargs() {
    return readsKwargs;
  }

  boolean readsVarargs() {
    return readsVarargs;
  }

  int height() {
    return height;
  }

  int frameSize() {
    return frameSize;
  }

  int slot(String parameter) {
    Integer slot = slots.get(parameter);
    if (slot == null) {
      throw new IllegalStateException(parameter + " is no parameter of macro " + name);
    }
    return slot;
  }
}
