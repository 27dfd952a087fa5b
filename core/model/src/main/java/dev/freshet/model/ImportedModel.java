package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.FloatTensor;
import dev.freshet.weights.TensorSource;
import dev.freshet.weights.TensorView;
import dev.freshet.weights.gguf.GgufFile;
import dev.freshet.weights.gguf.GgufMetadata;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.global.torch.ScalarType;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model of another program, open to be published as a checkpoint: a GGUF file, or a Hugging Face
 * directory with or without a manifest; of a multimodal one of Gemma 3, its text model. It has
 * exactly the parameters of its configuration; other tensors are passed over. Opening a directory
 * verifies all weights; those of a GGUF file are verified while they are written. No tensor may be
 * read after {@link #close}.
 *
 * @param config the configuration of the model; of a directory, with the stored type of its weights
 * @param tensors the parameters by their Hugging Face names
 * @param files content by name of the files beside the weights; those of a GGUF file are without
 *     the tokenizer's
 * @param vocabulary the metadata of a GGUF file, from which its tokenizer is made
 * @param unusedLine a line that names the tensors that the model does not have
 * @param unmap closes the file or the checkpoint
 */
public record ImportedModel(
    ModelConfig config,
    List<TensorSource> tensors,
    Map<String, byte[]> files,
    Optional<GgufMetadata> vocabulary,
    Optional<String> unusedLine,
    Runnable unmap)
    implements AutoCloseable {
  private static final String CONFIG = "config.json";

  /**
   * Opens a model.
   *
   * @param source a GGUF file or a Hugging Face directory
   * @param dtype the type in which the weights are published; empty for the stored one, which for
   *     quantized tensors is float32
   * @throws ModelException if the model is not supported, or a parameter is missing or has another
   *     shape
   */
  public static ImportedModel open(Path source, Optional<DType> dtype) {
    if (!Files.exists(source)) {
      throw new ModelException(
          "%s: not found: expected a GGUF file or a Hugging Face directory".formatted(source));
    }
    return Files.isDirectory(source) ? ofDirectory(source, dtype) : ofGguf(source, dtype);
  }

  /**
   * This model with an adapter in PEFT's format added to its weights while they are written.
   * Closing it closes this one.
   *
   * @param directory of the adapter; verified and closed before this returns
   * @throws ModelException if the adapter is not supported or does not fit the model
   */
  public ImportedModel with(Path directory) {
    try (Checkpoint checkpoint = CheckpointStore.open(directory)) {
      LoraParameters parameters = LoraParameters.of(config, checkpoint);
      if (config.tiedEmbeddings() && parameters.factors().containsKey(LoraParameters.HEAD)) {
        throw new ModelException(
            "%s: cannot add an adapter of lm_head to the weights of a model whose embeddings are tied: serve it beside the base model, or set tie_word_embeddings to false and store lm_head.weight"
                .formatted(directory));
      }
      checkpoint.verifyContents(parameters.views());
      try (LoraAdapter adapter = LoraAdapter.copyOf(parameters, ScalarType.Float)) {
        List<TensorSource> sums =
            tensors.stream().map(tensor -> sum(tensor, adapter.addition(tensor.name()))).toList();
        return new ImportedModel(config, sums, files, vocabulary, unusedLine, unmap);
      }
    }
  }

  private static TensorSource sum(TensorSource tensor, Optional<FloatTensor.Addition> added) {
    if (added.isEmpty()) {
      return tensor;
    }
    return switch (tensor) {
      case TensorView view -> FloatTensor.of(view, view.dtype()).plus(added.get());
      case FloatTensor rows -> rows.plus(added.get());
      default -> throw new IllegalStateException(tensor.name() + ": expected rows of floats");
    };
  }

  /** Family, size and type on one line. */
  public String summary() {
    return "%s, %d layers, %,d parameters, %s, %,d bytes"
        .formatted(
            config.family().wireName(),
            config.layers(),
            config.parameters(),
            tensors.stream()
                .map(tensor -> ConfigJson.torchName(tensor.dtype()))
                .distinct()
                .collect(Collectors.joining(" and ")),
            tensors.stream().mapToLong(TensorSource::byteSize).sum());
  }

  /** The type that has this name in a {@code config.json}. */
  public static DType typeOf(String name) {
    return List.of(DType.F32, DType.BF16, DType.F16).stream()
        .filter(type -> ConfigJson.torchName(type).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new ModelException(
                    "dtype %s: expected float32, bfloat16 or float16".formatted(Quoted.of(name))));
  }

  private static ImportedModel ofGguf(Path file, Optional<DType> dtype) {
    GgufFile gguf = GgufFile.open(file);
    boolean supported = false;
    try {
      DType type = dtype.orElseGet(() -> GgufParameters.naturalType(gguf));
      GgufConfig stored = GgufConfig.of(gguf);
      ObjectNode json = stored.config(type);
      ModelConfig config = config(file, json);
      GgufParameters parameters = GgufParameters.of(gguf, config, type);
      Map<String, byte[]> files = new TreeMap<>();
      files.put(CONFIG, bytes(json));
      files.put("generation_config.json", bytes(stored.generation()));
      supported = true;
      return new ImportedModel(
          config,
          parameters.tensors(),
          files,
          Optional.of(gguf.metadata()),
          Parameters.unusedLine(file, config, parameters.unused()),
          gguf::close);
    } finally {
      if (!supported) {
        gguf.close();
      }
    }
  }

  private static ModelConfig config(Path file, ObjectNode json) {
    try {
      return new ConfigReader(json).config(List.of());
    } catch (ModelException e) {
      throw new ModelException(file + ": " + e.getMessage(), e);
    }
  }

  private static byte[] bytes(ObjectNode json) {
    return json.toPrettyString().getBytes(StandardCharsets.UTF_8);
  }

  private static ImportedModel ofDirectory(Path dir, Optional<DType> dtype) {
    Map<String, byte[]> files = CheckpointStore.sideFiles(dir);
    ConfigJson.TextModel text = ConfigJson.readText(dir);
    ModelConfig config = text.config();
    if (text.fromMultimodal()) {
      files.put(CONFIG, ConfigJson.write(config));
    }
    Checkpoint checkpoint =
        Files.exists(dir.resolve(CheckpointStore.STABLE))
            ? CheckpointStore.openPublished(dir)
            : Checkpoint.open(dir);
    boolean supported = false;
    try {
      Parameters parameters =
          text.fromMultimodal()
              ? Parameters.of(config, checkpoint, Gemma3Multimodal.storedNames(checkpoint))
              : Parameters.of(config, checkpoint);
      checkpoint.verifyContents(parameters.views().values());
      dtype.ifPresent(
          type ->
              files.put(
                  CONFIG, ConfigJson.withDtype(Objects.requireNonNull(files.get(CONFIG)), type)));
      List<TensorSource> tensors = new ArrayList<>();
      parameters
          .views()
          .forEach(
              (name, view) -> {
                TensorView named = new TensorView(name, view.dtype(), view.shape(), view.data());
                DType type = dtype.orElse(view.dtype());
                tensors.add(type == view.dtype() ? named : FloatTensor.of(named, type));
              });
      supported = true;
      return new ImportedModel(
          config, tensors, files, Optional.empty(), parameters.unusedLine(), checkpoint::close);
    } finally {
      if (!supported) {
        checkpoint.close();
      }
    }
  }

  @Override
  public void close() {
    unmap.run();
  }
}
