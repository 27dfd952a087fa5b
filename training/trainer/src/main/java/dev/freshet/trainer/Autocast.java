package dev.freshet.trainer;

import dev.freshet.model.Attention;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * libtorch's automatic casts on the calling thread while open: linear layers run in the type of a
 * {@link TrainingPrecision}, everything else in the type of its input. Scopes may be nested and are
 * closed by the thread that opened them. The backward pass needs no casts: it runs in the types of
 * the forward pass.
 */
final class Autocast implements AutoCloseable {
  private final boolean before = torch.is_autocast_enabled(DeviceType.CPU);

  Autocast(TrainingPrecision precision) {
    boolean casts = precision != TrainingPrecision.FLOAT32;
    if (casts) {
      torch.set_autocast_dtype(DeviceType.CPU, precision.type());
      // A cached cast of a weight would outlive the update of the weight.
      torch.set_autocast_cache_enabled(false);
    }
    torch.set_autocast_enabled(DeviceType.CPU, casts);
  }

  /**
   * Attention in 32-bit floats whatever casts are open: libtorch's attention in bfloat16 multiplies
   * with a plain loop unless it is built with MKL.
   */
  static Attention excluding(Attention attention) {
    return (layer, query, key, value) -> {
      try (Autocast _ = new Autocast(TrainingPrecision.FLOAT32)) {
        return attention.attend(layer, inFloat(query), inFloat(key), inFloat(value));
      }
    };
  }

  private static Tensor inFloat(Tensor tensor) {
    return tensor.to(ScalarType.Float);
  }

  @Override
  public void close() {
    torch.set_autocast_enabled(DeviceType.CPU, before);
  }
}
