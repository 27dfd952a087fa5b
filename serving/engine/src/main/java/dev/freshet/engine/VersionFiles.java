package dev.freshet.engine;

import dev.freshet.model.LoraParameters;
import dev.freshet.model.Parameters;
import dev.freshet.weights.Checkpoint;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The mapped files of one policy version: a checkpoint, or an adapter and the base model that it is
 * added to. Owns the mappings.
 *
 * @param parameters of the checkpoint or the base model
 */
record VersionFiles(Parameters parameters, Optional<LoraParameters> adapter)
    implements AutoCloseable {

  /** Faults in what the version reads. */
  void populate() {
    parameters.checkpoint().populate(parameters.views().values());
    adapter.ifPresent(added -> added.checkpoint().populate(added.views()));
  }

  /** Checks the contents of what the version reads. */
  void verifyContents() {
    parameters.checkpoint().verifyContents(parameters.views().values());
    adapter.ifPresent(added -> added.checkpoint().verifyContents(added.views()));
  }

  /** Checks that no file was shortened. */
  void requireIntact() {
    checkpoints().forEach(Checkpoint::requireIntact);
  }

  /** Gives the memory of the mappings back to the kernel. */
  void dropPages() {
    checkpoints().forEach(Checkpoint::dropPages);
  }

  private List<Checkpoint> checkpoints() {
    return Stream.concat(
            Stream.of(parameters.checkpoint()), adapter.stream().map(LoraParameters::checkpoint))
        .toList();
  }

  @Override
  public void close() {
    checkpoints().forEach(Checkpoint::close);
  }
}
