package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.environments.Environment;
import dev.freshet.environments.Environments;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelFamily;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Rope;
import dev.freshet.model.Torch;
import dev.freshet.process.Lifetime;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.Terminal;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.jfr.CheckpointWriteEvent;
import dev.freshet.trainer.Example;
import dev.freshet.trainer.OptimizerConfig;
import dev.freshet.trainer.SupervisedTrainer;
import dev.freshet.trainer.TrainableModel;
import dev.freshet.trainer.TrainerMetrics;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Makes a run's base model, {@code weights/step_0}: a fresh or given decoder after its supervised
 * warm-up.
 */
final class BaseModel {
  private final FreshetConfig config;
  private final RunDirectory run;
  private final EventLog events;
  private final MetricsFile file;
  private final TrainerMetrics metrics;

  BaseModel(
      FreshetConfig config,
      RunDirectory run,
      EventLog events,
      MetricsFile file,
      TrainerMetrics metrics) {
    this.config = config;
    this.run = run;
    this.events = events;
    this.file = file;
    this.metrics = metrics;
  }

  /** Makes and publishes it; whether it came to that before the process was asked to end. */
  boolean make(Lifetime lifetime, Terminal terminal) {
    Map<String, byte[]> sideFiles = sideFiles();
    FreshetConfig.Sft sft = config.sft();
    Torch.useThreads(sft.threads());
    OptimizerConfig optimizer =
        new OptimizerConfig(sft.lr(), 10, sft.steps(), 0.9, 0.95, 1e-8, 0, 1);
    try (TrainableModel model =
            new TrainableModel(initial(), config.trainer().packLength(), optimizer);
        Tokenizer tokenizer =
            Tokenizer.parse(file(sideFiles, "tokenizer.json"), "of the base model")) {
      Environment environment = environment(config, tokenizer);
      SupervisedTrainer trainer =
          new SupervisedTrainer(
              model,
              config.trainer().packLength(),
              config.trainer().microRows(),
              sft.labelSmoothing());
      for (int step = 1; step <= sft.steps(); step++) {
        if (lifetime.stopping()) {
          return false;
        }
        double loss = trainer.step(examples(environment, step));
        file.append("sft", Map.of("step", step, "loss", loss));
        terminal.progress("warm-up", step, sft.steps(), "loss %.3f", loss);
      }
      CheckpointWriteEvent recorded = CheckpointWriteEvent.begun();
      long start = events.clock().nanos();
      Runs.weights(run).publish(0, 0, model.views(), sideFiles);
      double writeMs = events.clock().millisSince(start);
      recorded.done(0, writeMs);
      events.checkpointWritten(0, writeMs);
      metrics.published(0, writeMs);
      return true;
    }
  }

  private List<Example> examples(Environment environment, int step) {
    int size = config.sft().batchSize();
    return IntStream.range(0, size)
        .mapToObj(i -> example(environment, (long) (step - 1) * size + i))
        .toList();
  }

  private static Example example(Environment environment, long index) {
    return environment
        .supervised(index)
        .map(pair -> Example.supervised(pair.prompt(), pair.target()))
        .orElseThrow(
            () ->
                new ConfigException(
                    "sft.steps: expected 0: environment %s has no demonstrations"
                        .formatted(environment.name())));
  }

  /** The task of a run over the tokenizer of its model. */
  static Environment environment(FreshetConfig config, Tokenizer tokenizer) {
    return Environments.open(tokenizer, config.environment(), config.run().seed());
  }

  private ModelWeights initial() {
    String path = config.model().path();
    if (path.isEmpty()) {
      return ModelWeights.random(shape(), config.run().seed());
    }
    try (Checkpoint checkpoint = Checkpoint.open(Path.of(path))) {
      checkpoint.verifyContents();
      return ModelWeights.copyOf(ConfigJson.read(Path.of(path)), checkpoint, ScalarType.Float);
    }
  }

  private ModelConfig shape() {
    FreshetConfig.Model model = config.model();
    ModelFamily family = ModelFamily.valueOf(model.family().toUpperCase(java.util.Locale.ROOT));
    return new ModelConfig(
        family,
        characters().vocabSize(),
        model.hiddenSize(),
        model.intermediateSize(),
        model.layers(),
        model.heads(),
        model.kvHeads(),
        model.hiddenSize() / model.heads(),
        1e-6,
        new Rope(10_000, new Rope.Default()),
        model.maxPositions(),
        true,
        family == ModelFamily.QWEN2,
        false,
        false,
        Collections.nCopies(model.layers(), OptionalInt.empty()),
        List.of(CharTokenizer.EOS),
        DType.F32);
  }

  private CharTokenizer characters() {
    return new CharTokenizer(config.environment().alphabet());
  }

  private Map<String, byte[]> sideFiles() {
    String path = config.model().path();
    if (!path.isEmpty()) {
      Map<String, byte[]> files = new TreeMap<>(CheckpointStore.sideFiles(Path.of(path)));
      files.put("config.json", ConfigJson.withDtype(file(files, "config.json"), DType.F32));
      return files;
    }
    Map<String, byte[]> files = new TreeMap<>(characters().files());
    files.put("config.json", ConfigJson.write(shape()));
    return files;
  }

  private byte[] file(Map<String, byte[]> sideFiles, String name) {
    byte[] content = sideFiles.get(name);
    if (content == null) {
      throw new ConfigException(
          "model.path = %s: expected a Hugging Face directory with %s"
              .formatted(config.model().path(), name));
    }
    return content;
  }
}
