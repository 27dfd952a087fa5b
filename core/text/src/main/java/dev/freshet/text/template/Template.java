package dev.freshet.text.template;

import java.time.Clock;
import java.util.Map;

/** A compiled template. Immutable: many threads render it at once. */
final class Template {
  private final Block block;
  private final ScopeStart start;
  private final int frameSize;

  private Template(Block block, ScopeStart start, int frameSize) {
    this.block = block;
    this.start = start;
    this.frameSize = frameSize;
  }

  /**
   * @throws TemplateException if the source is malformed or uses what is not supported
   */
  static Template compile(String source) {
    Block block = Parser.parse(Lexer.tokens(source));
    Symbols symbols = Symbols.root();
    block.declare(symbols);
    block.bind(symbols);
    return new Template(block, symbols.start(), symbols.frameSize());
  }

  /**
   * @param variables values of this package by name
   */
  Rendering render(Map<String, Object> variables, Clock clock, Limits limits) {
    Render render = new Render(variables, clock, limits);
    Frame frame = new Frame(frameSize, null, render);
    start.run(frame);
    block.execute(frame, render.output());
    return render.rendering();
  }
}
