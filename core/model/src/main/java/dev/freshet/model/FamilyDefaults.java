package dev.freshet.model;

import java.util.OptionalInt;

/**
 * The values of transformers for fields that a {@code config.json} does not have.
 *
 * @param kvHeads empty for as many as query heads
 * @param headDim empty for the hidden size divided by the heads
 * @param window empty for none
 */
record FamilyDefaults(
    int maxPositions,
    OptionalInt kvHeads,
    OptionalInt headDim,
    double theta,
    double rmsNormEps,
    boolean tiedEmbeddings,
    OptionalInt window) {
  private static final OptionalInt NONE = OptionalInt.empty();
  private static final OptionalInt WINDOW = OptionalInt.of(4096);

  static FamilyDefaults of(ModelFamily family) {
    return switch (family) {
      case LLAMA -> new FamilyDefaults(2048, NONE, NONE, 1e4, 1e-6, false, NONE);
      case MISTRAL ->
          new FamilyDefaults(131_072, OptionalInt.of(8), NONE, 1e4, 1e-6, false, WINDOW);
      case QWEN2 -> new FamilyDefaults(32_768, OptionalInt.of(32), NONE, 1e4, 1e-6, false, WINDOW);
      case QWEN3 ->
          new FamilyDefaults(
              32_768, OptionalInt.of(32), OptionalInt.of(128), 1e4, 1e-6, false, WINDOW);
      case SMOLLM3 -> new FamilyDefaults(32_768, OptionalInt.of(4), NONE, 2e6, 1e-6, true, NONE);
      case PHI3 -> new FamilyDefaults(4096, NONE, NONE, 1e4, 1e-5, false, NONE);
      case GEMMA3_TEXT ->
          new FamilyDefaults(
              131_072, OptionalInt.of(4), OptionalInt.of(256), 1e6, 1e-6, true, WINDOW);
    };
  }
}
