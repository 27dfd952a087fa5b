package dev.freshet.trainer;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Parameters;
import dev.freshet.model.VectorApi;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.TensorSource;
import dev.freshet.weights.TensorView;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A decoder with an optimizer, which changes the decoder's 32-bit weights in place. Several workers
 * compute the sequences of a batch at the same time. Their gradients are added in the workers'
 * order, so a step depends only on its batch and on the number of threads.
 *
 * <p>Belongs to one thread at a time; the owner closes it.
 */
public final class TrainableModel implements AutoCloseable {
  private final ModelWeights weights;
  private final Optional<ModelWeights> reference;
  private final OptimizerConfig config;
  private final Workers workers;
  private final List<Replica> replicas;
  private final ParameterBlock block;
  private final Optional<ParameterBlock> rounded;
  private final ParameterBlock mean;
  private final ParameterBlock square;
  private final AdamW optimizer;
  private Optional<ParameterBlock> snapshot = Optional.empty();
  private long steps;

  /**
   * Makes weights trainable, without a reference policy.
   *
   * @param weights 32-bit weights in their own memory; if they have an adapter, only the adapter is
   *     trained; closed with this object
   * @throws dev.freshet.model.ModelException if the JVM lacks the Vector API
   */
  public TrainableModel(ModelWeights weights, Execution execution, OptimizerConfig config) {
    this(weights, Optional.empty(), execution, config);
  }

  /**
   * Makes weights trainable.
   *
   * @param weights 32-bit weights in their own memory; if they have an adapter, only the adapter is
   *     trained; closed with this object
   * @param reference 32-bit weights of a policy whose logprobs losses get; closed with this object
   * @throws dev.freshet.model.ModelException if the JVM lacks the Vector API
   */
  TrainableModel(
      ModelWeights weights,
      Optional<ModelWeights> reference,
      Execution execution,
      OptimizerConfig config) {
    VectorApi.require();
    this.weights = weights;
    this.reference = reference;
    this.config = config;
    long bytes = ParameterBlock.elements(weights) * Float.BYTES;
    this.workers = new Workers(Parallelism.of(execution.threads(), bytes));
    this.block = ParameterBlock.moved(weights);
    this.rounded = rounded(execution);
    this.replicas =
        IntStream.range(0, workers.count())
            .mapToObj(_ -> new Replica(weights, rounded.orElse(block), reference, execution))
            .toList();
    this.mean = ParameterBlock.zeros(weights);
    this.square = ParameterBlock.zeros(weights);
    this.optimizer = new AdamW(config);
  }

  /** The weights in the type of linear layers, if that is another one and cast once a step. */
  private Optional<ParameterBlock> rounded(Execution execution) {
    ScalarType type = execution.precision().type();
    if (type == ScalarType.Float || !WrittenPass.trains(weights)) {
      return Optional.empty();
    }
    ParameterBlock copy = ParameterBlock.zeros(weights, type);
    round(copy);
    return Optional.of(copy);
  }

  private void round(ParameterBlock copy) {
    try (PointerScope _ = new PointerScope()) {
      copy.part(0, 1).copy_(block.part(0, 1));
    }
  }

  /**
   * Reads a published checkpoint as weights to train.
   *
   * @param maxLength the most tokens of a sequence
   * @throws dev.freshet.weights.CheckpointException if the checkpoint is missing or broken
   * @throws dev.freshet.model.ModelException if it is not a model that Freshet supports
   */
  public static ModelWeights read(Path dir, int maxLength) {
    ModelConfig shape = ConfigJson.read(dir).forContext(maxLength);
    try (Checkpoint checkpoint = CheckpointStore.openVerified(dir)) {
      return ModelWeights.copyOf(Parameters.of(shape, checkpoint), ScalarType.Float);
    }
  }

  /** The shape of the model. */
  public ModelConfig config() {
    return weights.config();
  }

  /** The weights as views for writing a checkpoint; valid until the next update. */
  public List<TensorView> views() {
    return weights.views();
  }

  /**
   * A copy of what is trained, as views for writing a checkpoint; valid until the next call. The
   * first call allocates the copy, of 4 bytes a trained parameter, which stays.
   */
  List<TensorView> snapshot() {
    ParameterBlock copy = snapshot.orElseGet(() -> ParameterBlock.zeros(weights));
    snapshot = Optional.of(copy);
    workers.run(
        worker -> {
          try (PointerScope _ = new PointerScope()) {
            part(copy, worker).copy_(part(block, worker));
          }
        });
    return copy.tensors(weights);
  }

  /** A copy of the state, whose blocks the caller closes. */
  TrainingState state() {
    return new TrainingState(weights, block.copy(), mean.copy(), square.copy());
  }

  /**
   * Continues as the model did whose state a checkpoint has.
   *
   * @param updates how many updates it had made
   * @throws TrainerException if it is the state of another model
   */
  void restore(Map<String, TensorView> state, long updates) {
    new TrainingState(weights, block, mean, square).read(state);
    rounded.ifPresent(this::round);
    steps = updates;
  }

  /**
   * The whole model for writing a checkpoint, with a copy of the adapter as it is now, which is
   * merged while it is written. The model must have an adapter.
   */
  List<TensorSource> merged() {
    return weights.merged();
  }

  /** The number of workers, each of which computes losses of its own. */
  int workers() {
    return workers.count();
  }

  /**
   * Runs the model over sequences and adds the gradient of the loss to the accumulated gradient. If
   * a loss throws, the gradient is cleared.
   *
   * @param packLength the most tokens of a packed row, and so of a sequence
   * @param microTokens the most tokens that are computed at the same time, padding included; at
   *     least a row a worker
   * @param losses the loss of each worker, which is called on that worker's thread
   */
  void accumulate(
      List<Example> examples, int packLength, int microTokens, IntFunction<TokenLoss> losses) {
    List<Example> trained = examples.stream().filter(example -> example.targets() > 0).toList();
    List<List<Example>> shares = RowPacker.shares(trained, workers.count());
    int mostTokens = microTokens / workers.count();
    try {
      workers.run(
          worker -> {
            TokenLoss loss = losses.apply(worker);
            List<Row> rows = RowPacker.pack(shares.get(worker), packLength);
            for (List<Row> batch : RowPacker.microBatches(rows, mostTokens)) {
              replicas.get(worker).accumulate(batch, loss);
            }
          });
    } catch (RuntimeException e) {
      clearGradient();
      throw e;
    }
  }

  /**
   * Clips the accumulated gradient, takes one optimizer step and clears the gradient. Returns the
   * gradient's norm before clipping.
   *
   * @throws TrainerException if the norm is not finite; the gradient is cleared and the weights are
   *     unchanged then
   */
  double update() {
    double norm = sumOfGradients();
    if (!Double.isFinite(norm)) {
      clearGradient();
      throw new TrainerException(
          "the gradient's norm is %s: expected a finite number".formatted(norm));
    }
    steps++;
    double divisor = Math.max(1, norm / config.maxGradNorm());
    workers.run(
        worker -> {
          try (PointerScope _ = new PointerScope()) {
            Tensor gradient = part(replicas.getFirst().gradient(), worker);
            optimizer.step(
                new AdamW.Part(
                    part(block, worker), gradient, part(mean, worker), part(square, worker)),
                steps,
                divisor);
            rounded.ifPresent(copy -> part(copy, worker).copy_(part(block, worker)));
            clearGradient(worker);
          }
        });
    return norm;
  }

  /** Adds the gradients of all replicas to that of the first. Returns the norm of the sum. */
  private double sumOfGradients() {
    double[] squares = new double[workers.count()];
    workers.run(
        worker -> {
          try (PointerScope _ = new PointerScope();
              NoGradGuard _ = new NoGradGuard()) {
            Tensor sum = part(replicas.getFirst().gradient(), worker);
            for (Replica replica : replicas.subList(1, replicas.size())) {
              sum.add_(part(replica.gradient(), worker));
            }
            squares[worker] = SquareSum.of(sum);
          }
        });
    return Math.sqrt(Arrays.stream(squares).sum());
  }

  private void clearGradient() {
    workers.run(
        worker -> {
          try (PointerScope _ = new PointerScope()) {
            clearGradient(worker);
          }
        });
  }

  /** Clears a worker's part of every gradient. */
  private void clearGradient(int worker) {
    replicas.forEach(replica -> part(replica.gradient(), worker).zero_());
  }

  private Tensor part(ParameterBlock whole, int worker) {
    return whole.part(worker, workers.count());
  }

  /** The learning rate of the last update. */
  double lr() {
    return config.lrAt(Math.max(1, steps));
  }

  @Override
  public void close() {
    workers.close();
    snapshot.ifPresent(ParameterBlock::close);
    optimizer.close();
    square.close();
    mean.close();
    replicas.forEach(Replica::close);
    rounded.ifPresent(ParameterBlock::close);
    block.close();
    reference.ifPresent(ModelWeights::close);
    weights.close();
  }
}
