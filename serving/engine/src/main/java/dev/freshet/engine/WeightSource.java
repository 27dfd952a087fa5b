package dev.freshet.engine;

import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Reads an engine's weights from files, while decoding continues. Called by one thread at a time,
 * except by threads that a hanging file system holds up.
 */
interface WeightSource<W extends PolicyWeights> {
  /** Loaded weights, and how long loading took. */
  record Loaded<W extends PolicyWeights>(W weights, WeightUpdate.PrepareTimes times) {}

  /** A checkpoint that was read and fits the engine's model. Its owner builds or closes it. */
  interface Read<W extends PolicyWeights> extends AutoCloseable {
    /** Makes weights of it, which own it from then on. If it throws, it is closed. */
    Loaded<W> build();

    @Override
    void close();
  }

  /**
   * The policy version that a checkpoint becomes: {@code step}, or else the step that it states.
   *
   * @throws EngineException if it states none, or is not a published checkpoint
   */
  long version(Path dir, OptionalLong step);

  /**
   * Reads a checkpoint.
   *
   * @throws EngineException CONFLICT if it is missing, broken, or not of the engine's model
   */
  Read<W> read(Path dir, long version, VerifyLevel verify);

  /** Reads the base model that the engine was started with. */
  Read<W> readBase();
}
