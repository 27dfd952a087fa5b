package dev.freshet.model;

import dev.freshet.trace.ThreadPriority;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Access to libtorch apart from tensor operations: loading, threads, and conversion between Java
 * arrays and tensors. Every tensor made here belongs to the innermost open {@code PointerScope} of
 * its thread, if there is one.
 */
public final class Torch {
  static {
    // JavaCPP's memory limits are off: mapped checkpoints count as resident memory, and every
    // tensor
    // is freed by its scope. The properties are read once, when JavaCPP's Pointer class loads.
    System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    System.setProperty("org.bytedeco.javacpp.maxBytes", "0");
  }

  private Torch() {}

  /** The libtorch type of a model's tensors. */
  public static ScalarType scalarType(DType dtype) {
    return switch (dtype) {
      case F32 -> ScalarType.Float;
      case BF16 -> ScalarType.BFloat16;
      case F16 -> ScalarType.Half;
      default ->
          throw new ModelException(
              "weights of type %s: expected F32, BF16 or F16".formatted(dtype));
    };
  }

  /**
   * Sets the number of threads that libtorch uses for one operation of the calling thread. Other
   * threads keep their own number.
   */
  public static void useThreads(int threads) {
    torch.set_num_threads(threads);
  }

  /**
   * Sets up the calling thread for continuous computing: libtorch uses {@code threads} threads for
   * one of its operations, and on Linux the thread runs at a lower priority than threads that are
   * mostly idle, such as those of the admin lane. Threads that it starts inherit the priority.
   */
  public static void computeThread(int threads) {
    useThreads(threads);
    ThreadPriority.lower(ThreadPriority.COMPUTE);
  }

  /** The options for a tensor of this element type. */
  public static TensorOptions options(ScalarType type) {
    return new TensorOptions(type);
  }

  /** A copy of {@code values} as a tensor of 64-bit integers. */
  public static Tensor longs(long[] values, long... shape) {
    Tensor tensor = torch.empty(shape, options(ScalarType.Long), null);
    new LongPointer(tensor.data_ptr()).put(values, 0, values.length);
    return tensor;
  }

  /** A copy of {@code values} as a tensor of 32-bit floats. */
  public static Tensor floats(float[] values, long... shape) {
    Tensor tensor = torch.empty(shape, options(ScalarType.Float), null);
    new FloatPointer(tensor.data_ptr()).put(values, 0, values.length);
    return tensor;
  }

  /** The content of a contiguous tensor of 32-bit floats; valid while the tensor lives. */
  public static FloatBuffer floatView(Tensor tensor) {
    return bytes(tensor).asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  /** The content of a contiguous tensor of 64-bit integers; valid while the tensor lives. */
  public static LongBuffer longView(Tensor tensor) {
    return bytes(tensor).asByteBuffer().order(ByteOrder.nativeOrder()).asLongBuffer();
  }

  /** A copy of a tensor's elements as 32-bit floats. */
  public static float[] toFloats(Tensor tensor) {
    Tensor contiguous = tensor.to(ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(contiguous.numel())];
    floatView(contiguous).get(values);
    return values;
  }

  /** The memory of a contiguous tensor; valid while the tensor lives. */
  public static MemorySegment bytes(Tensor tensor) {
    return MemorySegment.ofAddress(tensor.data_ptr().address())
        .reinterpret(tensor.numel() * tensor.element_size());
  }

  /** A contiguous tensor for a checkpoint; valid while the tensor lives. */
  static TensorView view(String name, Tensor tensor) {
    DType type =
        switch (tensor.scalar_type().intern()) {
          case BFloat16 -> DType.BF16;
          case Half -> DType.F16;
          default -> DType.F32;
        };
    return new TensorView(name, type, tensor.shape(), bytes(tensor));
  }

  /**
   * A tensor over existing memory, without copying. The caller keeps the memory alive for as long
   * as the tensor is read.
   */
  static Tensor over(MemorySegment memory, ScalarType type, long[] shape) {
    Pointer address =
        new Pointer() {
          {
            this.address = memory.address();
          }
        };
    return torch.from_blob(address, shape, options(type));
  }
}
