package dev.freshet.engine;

import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Where an engine's weights come from. Called by one thread at a time, beside decoding. */
interface WeightSource<W extends PolicyWeights> {
  /** Weights, and what making them ready took. */
  record Loaded<W extends PolicyWeights>(W weights, WeightUpdate.PrepareTimes times) {}

  /**
   * The policy version that a checkpoint becomes: {@code step} if given, else what it says itself.
   *
   * @throws EngineException if it does not say, or is none
   */
  long version(Path dir, OptionalLong step);

  /**
   * Makes a checkpoint ready.
   *
   * @throws EngineException CONFLICT if it is missing, broken, or not of the engine's model
   */
  Loaded<W> load(Path dir, long version, VerifyLevel verify);

  /** Makes the base model ready that the engine was started with. */
  Loaded<W> base();
}
