package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.model.ImportedModel;
import dev.freshet.model.ModelException;
import dev.freshet.process.Lifetime;
import dev.freshet.text.TokenTable;
import dev.freshet.text.Tokenizer;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.gguf.GgufMetadata;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code freshet import}: a model of another program as a checkpoint. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description =
        "Make a checkpoint, from which serve, run and sft start, of a GGUF file or a Hugging Face"
            + " directory.")
final class ImportCommand extends RunningCommand {
  @Parameters(
      arity = "1",
      paramLabel = "SOURCE",
      description =
          "GGUF file (llama, qwen2 or qwen3; F32, F16, BF16, Q8_0, Q4_0, Q4_1), or Hugging Face"
              + " directory.")
  private Path source = Path.of("");

  @Option(
      names = "--to",
      required = true,
      paramLabel = "DIR",
      description = "Directory to create (required).")
  private Path to = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description =
          "Type of the weights: float32, bfloat16 or float16 (default: the stored type; float32 for"
              + " quantized tensors).")
  private Optional<String> dtype = Optional.empty();

  @Option(
      names = "--lora",
      paramLabel = "DIR",
      description = "Adapter in PEFT's format to add to the weights (default: none).")
  private Optional<Path> lora = Optional.empty();

  @Override
  protected int run(Lifetime lifetime) {
    lifetime.onStop(lifetime::closed); // Nothing of the checkpoint is visible before its end.
    try (ImportedModel base = ImportedModel.open(source, type())) {
      ImportedModel model = lora.map(base::with).orElse(base);
      Map<String, byte[]> files = new TreeMap<>(model.files());
      model.vocabulary().map(ImportCommand::tokenizer).ifPresent(files::putAll);
      Tokenizer.requireIn(files, source.toString());
      model.unusedLine().ifPresent(line -> System.err.println("freshet import: " + line));
      CheckpointStore.publishBase(to, model.tensors(), files);
      System.out.printf("%s: %s%n", to, model.summary());
    }
    return 0;
  }

  private Optional<DType> type() {
    try {
      return dtype.map(ImportedModel::typeOf);
    } catch (ModelException e) {
      throw new ConfigException("--" + e.getMessage());
    }
  }

  private static Map<String, byte[]> tokenizer(GgufMetadata metadata) {
    String prefix = "tokenizer.ggml.";
    return new TokenTable(
            metadata.text(prefix + "model").orElse(""),
            metadata.text(prefix + "pre").orElse(""),
            metadata.texts(prefix + "tokens"),
            metadata.numbers(prefix + "token_type"),
            metadata.texts(prefix + "merges"),
            metadata.numbers(prefix + "scores"),
            metadata.count(prefix + "bos_token_id"),
            metadata.count(prefix + "eos_token_id"),
            metadata.count(prefix + "unknown_token_id"),
            metadata.count(prefix + "padding_token_id"),
            metadata.flag(prefix + "add_bos_token"),
            metadata.flag(prefix + "add_eos_token"),
            metadata.flag(prefix + "add_space_prefix"),
            metadata.text("tokenizer.chat_template"))
        .files();
  }
}
