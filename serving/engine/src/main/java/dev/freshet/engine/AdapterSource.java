package dev.freshet.engine;

import dev.freshet.model.LoraProducts;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Reads adapters (LoRA) for an engine's model from files, while decoding continues. Called by one
 * thread at a time, except by threads that a hanging file system holds up.
 */
interface AdapterSource {
  /** An adapter in memory of its own, and how long loading took. */
  record Loaded(LoraProducts products, WeightUpdate.PrepareTimes times) {}

  /** An adapter that was read and fits the engine's model. Its owner closes it. */
  interface Read extends AutoCloseable {
    /** The policy version that its directory states, if it does. */
    OptionalLong version();

    /** Makes linear layers of it, in memory of their own. */
    Loaded build();

    @Override
    void close();
  }

  /**
   * Reads an adapter.
   *
   * @throws EngineException NOT_FOUND if there is no such directory; CONFLICT if it is broken, or
   *     does not fit the model or the limits; INVALID if the engine has no adapters
   */
  Read read(Path dir);
}
