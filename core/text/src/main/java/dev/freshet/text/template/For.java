package dev.freshet.text.template;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code for}. The body is a scope that begins anew with every item. {@code else} runs if no body
 * ran to its end, which is also so if each was left by {@code break} or {@code continue}, as in
 * Jinja. A recursive loop is a function that {@code loop(items)} calls.
 */
final class For implements Statement {
  private static final String LOOP = "loop";

  private final Target target;
  private final Expression items;
  private final @Nullable Expression condition;
  private final boolean recursive;
  private final Block body;
  private final Block otherwise;
  private final int height;
  private final int line;

  /** The target in the scope of the condition, which sees no variable of the body. */
  private final Target candidate;

  private ScopeStart start = new ScopeStart(List.of());
  private ScopeStart otherwiseStart = start;
  private ScopeStart conditionStart = start;
  private int loopSlot;
  private int frameSize;

  /**
   * @param condition which items are taken; null for all
   * @param height the levels of statements and expressions in the body
   */
  For(
      Target target,
      Expression items,
      @Nullable Expression condition,
      boolean recursive,
      Block body,
      Block otherwise,
      int height,
      int line) {
    this.target = target;
    this.candidate = target.copy();
    this.items = items;
    this.condition = condition;
    this.recursive = recursive;
    this.body = body;
    this.otherwise = otherwise;
    this.height = height;
    this.line = line;
  }

  @Override
  public Flow execute(Frame frame, Output out) {
    Object value = items.evaluate(frame);
    if (recursive) {
      out.append(rendered(frame, value, 0));
    } else {
      run(frame, frame, out, value, 0);
    }
    return Flow.NEXT;
  }

  /** The text of one call of a recursive loop. */
  private String rendered(Frame outer, Object value, int depth) {
    Budget budget = outer.budget();
    budget.enter(height);
    Output out = new Output(budget);
    run(outer, new Frame(frameSize, outer, outer.render()), out, value, depth);
    budget.leave(height);
    return out.toString();
  }

  private void run(Frame outer, Frame frame, Output out, Object value, int depth) {
    Iterator<Object> source = Iteration.over(value);
    Loop.Recursion recursion = recursive ? i -> rendered(outer, i, depth + 1) : null;
    Loop loop =
        condition == null
            ? new Loop(value, source, depth, recursion, outer.budget())
            : new Loop(null, selected(outer, source), depth, recursion, outer.budget());
    boolean finished = false;
    while (loop.advance()) {
      outer.budget().step();
      target.assign(frame, loop.item());
      frame.set(loopSlot, loop);
      start.run(frame);
      Flow flow = body.execute(frame, out);
      finished |= flow == Flow.NEXT;
      if (flow == Flow.BREAK) {
        break;
      }
    }
    if (!finished) {
      otherwiseStart.run(outer);
      otherwise.execute(outer, out);
    }
  }

  private Iterator<Object> selected(Frame outer, Iterator<Object> source) {
    Expression test = condition;
    if (test == null) {
      return source;
    }
    conditionStart.run(outer);
    return Generator.filtered(
        source,
        item -> {
          outer.budget().step();
          candidate.assign(outer, item);
          return Comparison.isTrue(test.evaluate(outer));
        });
  }

  @Override
  public int line() {
    return line;
  }

  @Override
  public void declare(Symbols symbols) {
    items.declare(symbols);
  }

  @Override
  public void bind(Symbols symbols) {
    items.bind(symbols);
    if (condition != null) {
      Symbols test = symbols.scope();
      candidate.names(test::parameter);
      condition.declare(test);
      candidate.bind(test);
      condition.bind(test);
      conditionStart = test.start();
    }
    Symbols scope = recursive ? symbols.function() : symbols.scope();
    scope.parameter(LOOP);
    target.names(scope::parameter);
    body.declare(scope);
    target.bind(scope);
    loopSlot = scope.slot(LOOP);
    body.bind(scope);
    start = scope.start();
    frameSize = scope.frameSize();
    Symbols none = symbols.scope();
    otherwise.declare(none);
    otherwise.bind(none);
    otherwiseStart = none.start();
  }

  @Override
  public boolean reads(String name) {
    return items.reads(name)
        || (condition != null && condition.reads(name))
        || body.reads(name)
        || otherwise.reads(name);
  }
}
