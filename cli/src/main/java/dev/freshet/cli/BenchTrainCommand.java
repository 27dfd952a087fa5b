package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.config.ConfigLoader;
import dev.freshet.lab.swap.RandomCheckpoints;
import dev.freshet.lab.train.TrainBench;
import dev.freshet.lab.train.TrainPlan;
import dev.freshet.lab.train.TrainReport;
import dev.freshet.process.Lifetime;
import dev.freshet.process.StoppableWork;
import dev.freshet.process.TemporaryDirectory;
import dev.freshet.text.CharTokenizer;
import dev.freshet.trainer.TrainingPrecision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code freshet bench train}: measures training steps, beside plain PyTorch's if asked. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description =
        "Measure training steps, beside those of plain PyTorch on the same batch if asked.")
final class BenchTrainCommand extends RunningCommand {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description =
          "Checkpoint of the model, as freshet import makes it (default: random weights in the shape of freshet run's model).")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--sequences",
      paramLabel = "N",
      description = "Sequences of a batch (default: ${DEFAULT-VALUE}).",
      defaultValue = "128")
  private int sequences;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description =
          "Tokens of a sequence; all but the first are targets (default: ${DEFAULT-VALUE}).",
      defaultValue = "22")
  private int tokens;

  @Option(
      names = "--micro-tokens",
      paramLabel = "N",
      description =
          "Tokens that Freshet computes at the same time, as trainer.micro_tokens (default: ${DEFAULT-VALUE}).",
      defaultValue = "4096")
  private int microTokens;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of each program (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private int threads;

  @Option(
      names = "--precision",
      paramLabel = "TYPE",
      description =
          "Type of Freshet's linear layers: float32 or bfloat16 (default: ${DEFAULT-VALUE}).",
      defaultValue = "float32")
  private String precision = "";

  @Option(
      names = "--recompute-activations",
      description = "As trainer.recompute_activations (default: off).")
  private boolean recomputes;

  @Option(
      names = "--torch-precision",
      paramLabel = "TYPE",
      description = "With --torch: the same of PyTorch (default: that of --precision).")
  private Optional<String> torchPrecision = Optional.empty();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps that count, after one that does not (default: ${DEFAULT-VALUE}).",
      defaultValue = "10")
  private int steps;

  @Option(
      names = "--torch",
      paramLabel = "PYTHON",
      description =
          "Python with torch and safetensors; runs bench/torch-train.py in turn with Freshet (default: none).")
  private Optional<String> torch = Optional.empty();

  @Mixin private JsonOption json = new JsonOption();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException, IOException {
    TrainPlan plan =
        new TrainPlan(
            number("--sequences", sequences, 1),
            number("--tokens", tokens, 2),
            number("--micro-tokens", microTokens, tokens),
            number("--threads", threads, 1),
            type("--precision", precision),
            recomputes,
            type("--torch-precision", torchPrecision.orElse(precision)),
            number("--steps", steps, 1));
    json.requireWritable();
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (TemporaryDirectory temporary = TemporaryDirectory.in(parent, "freshet-bench-train")) {
      TrainReport report =
          new TrainReport(
              StoppableWork.await(
                  lifetime,
                  "freshet-bench-train",
                  () ->
                      TrainBench.measure(
                          plan, checkpoint(temporary.path()), torch, temporary.path())));
      System.out.print(report.table());
      json.write(report::write);
      return 0;
    } catch (InterruptedException | RuntimeException e) {
      if (lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      throw e;
    }
  }

  private static int number(String option, int given, int least) {
    if (given < least) {
      throw new ConfigException("%s %d: expected at least %d".formatted(option, given, least));
    }
    return given;
  }

  private static TrainingPrecision type(String option, String name) {
    for (TrainingPrecision precision : TrainingPrecision.values()) {
      if (precision.name().toLowerCase(Locale.ROOT).equals(name)) {
        return precision;
      }
    }
    throw new ConfigException("%s %s: expected float32 or bfloat16".formatted(option, name));
  }

  private Path checkpoint(Path temporary) {
    if (model.isPresent()) {
      return model.get();
    }
    FreshetConfig run = ConfigLoader.defaults(FreshetConfig.class);
    CharTokenizer tokenizer = new CharTokenizer(run.environment().alphabet());
    RandomCheckpoints random =
        new RandomCheckpoints(
            run.model().decoder(tokenizer.vocabSize(), List.of(CharTokenizer.EOS)));
    return random.publish(temporary.resolve("weights"), 1).getFirst();
  }
}
