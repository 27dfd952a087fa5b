package dev.freshet.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Texts of a grammar, and whether a text is one. */
final class Walks {
  private Walks() {}

  static boolean accepts(ByteGrammar grammar, String text) {
    long state = grammar.start();
    for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
      state = grammar.next(state, value & 0xFF);
      if (state == ByteGrammar.DEAD) {
        return false;
      }
    }
    return grammar.accepts(state);
  }

  /**
   * The text of a random walk, which prefers to end after {@code length} bytes: it then takes every
   * second time a quote or a bracket that it may take.
   */
  static String random(ByteGrammar grammar, Random random, int length) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    long state = grammar.start();
    for (int i = 0; i < 100 * length; i++) {
      List<Integer> values = new ArrayList<>();
      for (int value = 0; value < 256; value++) {
        if (grammar.next(state, value) != ByteGrammar.DEAD) {
          values.add(value);
        }
      }
      if (grammar.accepts(state) && (values.isEmpty() || i >= length || random.nextInt(4) == 0)) {
        return text.toString(StandardCharsets.UTF_8);
      }
      assertThat(values).as("what may follow %s", text).isNotEmpty();
      List<Integer> ending =
          values.contains((int) '"')
              ? List.of((int) '"')
              : values.stream().filter(one -> one == ']' || one == '}').toList();
      boolean ends = i >= length && !ending.isEmpty() && random.nextBoolean();
      List<Integer> among = ends ? ending : values;
      int value = among.get(random.nextInt(among.size()));
      text.write(value);
      state = grammar.next(state, value);
    }
    throw new AssertionError(
        "no end of " + text.toString(StandardCharsets.UTF_8).substring(0, length));
  }
}
