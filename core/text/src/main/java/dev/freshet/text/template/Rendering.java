package dev.freshet.text.template;

import java.util.List;

/**
 * A prompt.
 *
 * @param generations what the assistant wrote: the texts of the template's generation blocks, in
 *     the order in which the blocks ended. As in transformers, a block within a macro, or a set,
 *     filter or call block, counts as if its text began where the output of the template had come
 *     to.
 */
public record Rendering(String text, List<Span> generations) {
  /**
   * Part of the text.
   *
   * @param start index of its first {@code char}
   * @param end index behind its last
   */
  public record Span(int start, int end) {}
}
