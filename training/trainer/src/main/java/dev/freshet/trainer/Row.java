package dev.freshet.trainer;

import java.util.List;

/** Sequences that lie end to end in one row of a micro-batch. */
record Row(List<Example> examples) {
  Row {
    examples = List.copyOf(examples);
  }

  /** The number of tokens of all sequences. */
  int tokens() {
    return examples.stream().mapToInt(example -> example.tokens().length).sum();
  }

  /** The number of target tokens of all sequences. */
  int targets() {
    return examples.stream().mapToInt(Example::targets).sum();
  }
}
