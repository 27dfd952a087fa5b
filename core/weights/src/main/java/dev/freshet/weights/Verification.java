package dev.freshet.weights;

import dev.freshet.trace.Quoted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Checks a published checkpoint against its manifest without reading a tensor. */
final class Verification {
  private Verification() {}

  /** Maps {@code dir} if it agrees with its manifest; the caller closes the checkpoint. */
  static Checkpoint open(Path dir) {
    if (!Files.isDirectory(dir)) {
      throw new CheckpointException(
          "%s: %s, expected the directory of a published checkpoint"
              .formatted(dir, Files.exists(dir) ? "not a directory" : "not found"));
    }
    if (!Files.exists(dir.resolve(CheckpointStore.STABLE))) {
      throw new CheckpointException(
          "%s: no %s file, expected a complete published checkpoint"
              .formatted(dir, CheckpointStore.STABLE));
    }
    Path manifestFile = dir.resolve(Manifest.FILE_NAME);
    Manifest manifest = Manifest.read(manifestFile);
    CheckpointStore.stepOf(dir)
        .ifPresent(
            step -> {
              if (step != manifest.step()) {
                throw new CheckpointException(
                    "%s: step is %d, expected %d as the directory is named"
                        .formatted(manifestFile, manifest.step(), step));
              }
            });
    manifest.files().forEach((name, size) -> checkSize(dir.resolve(name), size));
    Checkpoint checkpoint = Checkpoint.open(dir, Optional.of(manifest));
    boolean asPromised = false;
    try {
      checkTensors(checkpoint, manifest);
      asPromised = true;
      return checkpoint;
    } finally {
      if (!asPromised) {
        checkpoint.close();
      }
    }
  }

  private static void checkSize(Path file, long expected) {
    long found =
        ModelFile.requireRegular(file, "a file of %d bytes as in the manifest".formatted(expected))
            .size();
    if (found != expected) {
      throw new CheckpointException(
          "%s: %d bytes, expected %d as in the manifest".formatted(file, found, expected));
    }
  }

  private static void checkTensors(Checkpoint checkpoint, Manifest manifest) {
    Path dir = checkpoint.dir();
    for (Map.Entry<String, TensorEntry> expected : manifest.tensors().entrySet()) {
      TensorView tensor = checkpoint.tensors().get(expected.getKey());
      if (tensor == null) {
        throw new CheckpointException(
            "%s: tensor %s: not found, but the manifest lists it"
                .formatted(dir, Quoted.of(expected.getKey())));
      }
      TensorEntry found = TensorEntry.of(tensor, expected.getValue().crc32c());
      if (!found.equals(expected.getValue())) {
        throw new CheckpointException(
            "%s: tensor %s: %s %s, expected %s %s as in the manifest"
                .formatted(
                    dir,
                    Quoted.of(tensor.name()),
                    found.dtype().wireName(),
                    found.shape(),
                    expected.getValue().dtype().wireName(),
                    expected.getValue().shape()));
      }
    }
    for (String name : checkpoint.tensors().keySet()) {
      if (!manifest.tensors().containsKey(name)) {
        throw new CheckpointException(
            "%s: tensor %s: not in the manifest, expected only what it lists"
                .formatted(dir, Quoted.of(name)));
      }
    }
  }
}
