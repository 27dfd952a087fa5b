package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Optional;

/**
 * The body of {@code POST /detokenize}, as vLLM's.
 *
 * @param model the requested model; empty for the served one
 * @param tokens token ids
 */
public record DetokenizeRequest(Optional<String> model, int[] tokens) {
  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown or of a wrong type
   */
  public static DetokenizeRequest parse(byte[] json) {
    var read =
        new Object() {
          Optional<String> model = Optional.empty();
          Optional<IntList> tokens = Optional.empty();
        };
    try (WireReader in = WireReader.strict(json)) {
      in.document(
          name -> {
            switch (name) {
              case "model" -> read.model = in.isNull() ? Optional.empty() : Optional.of(in.text());
              case "tokens" -> {
                IntList ids = new IntList();
                in.elements(() -> ids.add(in.integer(0)));
                read.tokens = Optional.of(ids);
              }
              default -> throw new WireException("unknown field " + Quoted.of(name));
            }
          });
    }
    if (read.tokens.isEmpty()) {
      throw new WireException("tokens: expected a list of token ids, got none");
    }
    return new DetokenizeRequest(read.model, read.tokens.get().toArray());
  }
}
