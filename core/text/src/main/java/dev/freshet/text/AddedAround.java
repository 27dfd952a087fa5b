package dev.freshet.text;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * The ids that the post-processor of a {@code tokenizer.json} puts before and after those of a
 * text.
 */
record AddedAround(int[] before, int[] after) {
  private static final AddedAround NOTHING = new AddedAround(new int[0], new int[0]);

  /** Reads a {@code post_processor}; empty if it is of a kind that is not supported. */
  static Optional<AddedAround> of(JsonNode processor) {
    return switch (TokenizerSteps.type(processor)) {
      case "" -> processor.isObject() ? Optional.empty() : Optional.of(NOTHING);
      case "ByteLevel" -> Optional.of(NOTHING); // It changes offsets only.
      case "TemplateProcessing" -> template(processor);
      case "Sequence" -> sequence(processor.path("processors"));
      default -> Optional.empty();
    };
  }

  /** Several steps, of which at most one adds ids. */
  private static Optional<AddedAround> sequence(JsonNode processors) {
    AddedAround all = NOTHING;
    for (JsonNode processor : processors) {
      Optional<AddedAround> one = of(processor);
      if (one.isEmpty() || (all.adds() && one.get().adds())) {
        return Optional.empty();
      }
      all = all.adds() ? all : one.get();
    }
    return Optional.of(all);
  }

  private boolean adds() {
    return before.length + after.length > 0;
  }

  private static Optional<AddedAround> template(JsonNode processor) {
    int[][] sides = {new int[0], new int[0]};
    int texts = 0;
    for (JsonNode part : processor.path("single")) {
      if (part.has("Sequence")) {
        texts++;
        continue;
      }
      String name = part.path("SpecialToken").path("id").asString("");
      JsonNode ids = processor.path("special_tokens").path(name).path("ids");
      if (!ids.isArray()) {
        return Optional.empty();
      }
      int side = Math.min(texts, 1);
      sides[side] =
          IntStream.concat(
                  Arrays.stream(sides[side]),
                  StreamSupport.stream(ids.spliterator(), false).mapToInt(JsonNode::asInt))
              .toArray();
    }
    return texts == 1 ? Optional.of(new AddedAround(sides[0], sides[1])) : Optional.empty();
  }
}
