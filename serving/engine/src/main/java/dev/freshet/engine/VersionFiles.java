package dev.freshet.engine;

import dev.freshet.model.LoraParameters;
import java.util.Optional;

/**
 * The files of one policy version: a checkpoint, or an adapter and the base model beside which it
 * is computed. Owns the adapter's mapping and one opening of the model.
 */
record VersionFiles(SharedModel model, Optional<LoraParameters> adapter) implements AutoCloseable {

  /** Faults in what building the version reads. */
  void populate() {
    if (!model.isBuilt()) {
      model.populate();
    }
    adapter.ifPresent(added -> added.checkpoint().populate(added.views()));
  }

  /** Checks the contents of what building the version reads. */
  void verifyContents() {
    if (!model.isBuilt()) {
      model.verifyContents();
    }
    adapter.ifPresent(added -> added.checkpoint().verifyContents(added.views()));
  }

  /** Checks that no file was shortened. */
  void requireIntact() {
    model.requireIntact();
    adapter.ifPresent(added -> added.checkpoint().requireIntact());
  }

  @Override
  public void close() {
    adapter.ifPresent(added -> added.checkpoint().close());
    model.close();
  }
}
