package dev.freshet.trainer;

import dev.freshet.config.ConfigException;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelShape;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Parameters;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.jfr.CheckpointWriteEvent;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base model of a run: a fresh decoder, or one from a directory, and the supervised warm-up
 * that turns it into policy version 0, {@code weights/step_0}.
 */
public final class BaseModel {
  /**
   * The vocabulary of a fresh decoder.
   *
   * @param size number of tokens
   * @param eosTokens ids of the tokens that end an answer
   * @param files the tokenizer's files by name
   */
  public record Vocabulary(int size, List<Integer> eosTokens, Map<String, byte[]> files) {
    public Vocabulary {
      eosTokens = List.copyOf(eosTokens);
      files = Map.copyOf(files);
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(BaseModel.class);

  /** The kind of a step's line in the metrics. */
  private static final String LINES = "sft";

  /** Receives the progress of the warm-up. */
  @FunctionalInterface
  public interface Progress {
    /** Step {@code step}, from 1, was taken; {@code loss} is the mean in nats a target token. */
    void stepped(int step, double loss);
  }

  private final ModelShape shape;
  private final ModelConfig fresh;
  private final Map<String, byte[]> sideFiles;
  private final SftConfig sft;
  private final TrainerConfig trainer;
  private final long seed;

  /**
   * Reads the model's files, but not its weights.
   *
   * @param vocabulary of the decoder to create; not used if {@code shape} names a directory
   * @param trainer its packing, precision and recomputing apply to the warm-up, too
   * @param seed of the weights of a fresh decoder
   * @throws dev.freshet.weights.CheckpointException if the directory cannot be read
   */
  public BaseModel(
      ModelShape shape, Vocabulary vocabulary, SftConfig sft, TrainerConfig trainer, long seed) {
    this.shape = shape;
    this.fresh = shape.decoder(vocabulary.size(), vocabulary.eosTokens());
    this.sft = sft;
    this.trainer = trainer;
    this.seed = seed;
    this.sideFiles = isFresh() ? freshFiles(vocabulary) : givenFiles();
  }

  private boolean isFresh() {
    return shape.path().isEmpty();
  }

  private Map<String, byte[]> freshFiles(Vocabulary vocabulary) {
    Map<String, byte[]> files = new TreeMap<>(vocabulary.files());
    files.put("config.json", ConfigJson.write(fresh));
    return files;
  }

  private Map<String, byte[]> givenFiles() {
    Map<String, byte[]> files = new TreeMap<>(CheckpointStore.sideFiles(Path.of(shape.path())));
    files.put("config.json", ConfigJson.withDtype(file(files, "config.json"), DType.F32));
    return files;
  }

  /** The model's {@code tokenizer.json}. */
  public byte[] tokenizer() {
    return file(sideFiles, "tokenizer.json");
  }

  private byte[] file(Map<String, byte[]> files, String name) {
    byte[] content = files.get(name);
    if (content == null) {
      throw new ConfigException(
          "model.path = %s: expected a Hugging Face directory with %s"
              .formatted(shape.path(), name));
    }
    return content;
  }

  /**
   * Trains the model and publishes it as step 0. Returns false, without publishing, if stopped.
   *
   * @param examples correct answers by index
   * @param stopping asked before every step
   * @param file receives the loss of every step; the caller closes it
   * @throws TrainerException if an example does not fit or the loss is not finite
   */
  public boolean publish(
      LongFunction<Example> examples,
      BooleanSupplier stopping,
      Progress progress,
      CheckpointStore weights,
      EventLog events,
      MetricsFile file,
      TrainerMetrics metrics) {
    Execution execution =
        new Execution(trainer.precision(), sft.threads(), trainer.recomputeActivations());
    try (TrainableModel model = new TrainableModel(initial(), execution, sft.optimizer())) {
      SupervisedTrainer supervised =
          new SupervisedTrainer(
              model, trainer.packLength(), trainer.microTokens(), sft.labelSmoothing());
      long reported = file.largest(LINES, "step").orElse(0);
      for (int step = 1; step <= sft.steps(); step++) {
        if (stopping.getAsBoolean()) {
          return false;
        }
        double loss = supervised.step(batch(examples, step));
        if (step > reported) { // By an earlier process, which was killed before it published.
          file.append(LINES, Map.of("step", step, "loss", loss));
        }
        progress.stepped(step, loss);
      }
      CheckpointWriteEvent recorded = CheckpointWriteEvent.begun();
      long start = events.clock().nanos();
      weights.publish(0, 0, model.views(), sideFiles);
      double writeMs = events.clock().millisSince(start);
      recorded.done(0, writeMs);
      events.checkpointWritten(0, writeMs);
      metrics.published(0, writeMs);
      return true;
    }
  }

  private List<Example> batch(LongFunction<Example> examples, int step) {
    long first = (long) (step - 1) * sft.batchSize();
    return LongStream.range(first, first + sft.batchSize()).mapToObj(examples).toList();
  }

  private ModelWeights initial() {
    if (isFresh()) {
      return ModelWeights.random(fresh, seed);
    }
    Path dir = Path.of(shape.path());
    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      Parameters parameters =
          Parameters.of(ConfigJson.read(dir).forContext(trainer.packLength()), checkpoint);
      parameters.unusedLine().ifPresent(line -> LOG.warn("{}: passed over", line));
      checkpoint.verifyContents(parameters.views().values());
      return ModelWeights.copyOf(parameters, ScalarType.Float);
    }
  }
}
