package dev.freshet.engine;

import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Loads an engine's weights. Called by one thread at a time, while decoding continues. */
interface WeightSource<W extends PolicyWeights> {
  /** Loaded weights, and how long loading took. */
  record Loaded<W extends PolicyWeights>(W weights, WeightUpdate.PrepareTimes times) {}

  /**
   * The policy version that a checkpoint becomes: {@code step}, or else the step that it states.
   *
   * @throws EngineException if it states none, or is not a published checkpoint
   */
  long version(Path dir, OptionalLong step);

  /**
   * Loads a checkpoint.
   *
   * @throws EngineException CONFLICT if it is missing, broken, or not of the engine's model
   */
  Loaded<W> load(Path dir, long version, VerifyLevel verify);

  /** Loads the base model that the engine was started with. */
  Loaded<W> base();
}
