package dev.freshet.fleet;

import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Published checkpoints of a model of three small tensors. */
public final class Checkpoints {
  public static final String HEAD = "lm_head.weight";
  public static final String EMBEDDING = "model.embed_tokens.weight";
  public static final String NORM = "model.norm.weight";

  /** The first number of each tensor, by name. */
  public static final Map<String, Float> MODEL = Map.of(HEAD, 1f, EMBEDDING, 2f, NORM, 3f);

  private Checkpoints() {}

  /** Publishes tensors of shape {@code [2, 3]}. */
  public static Path publish(Path weights, long step, Map<String, Float> tensors) {
    return publish(weights, step, tensors, 2, 3);
  }

  public static Path publish(Path weights, long step, Map<String, Float> tensors, long... shape) {
    List<TensorView> views = new ArrayList<>();
    tensors.forEach(
        (name, first) -> {
          float[] data = new float[(int) (shape[0] * shape[1])];
          data[0] = first;
          views.add(new TensorView(name, DType.F32, shape, bytes(data)));
        });
    return new CheckpointStore(weights).publish(step, 0, views, Map.of());
  }

  private static MemorySegment bytes(float[] data) {
    return MemorySegment.ofArray(data);
  }
}
