package dev.freshet.engine;

import com.sun.management.OperatingSystemMXBean;
import dev.freshet.model.KvPool;
import dev.freshet.model.ModelConfig;
import java.lang.management.ManagementFactory;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** How many KV blocks an engine has. */
final class KvCapacity {
  /** The share of the machine's memory that the KV cache may take if it is not configured. */
  private static final int MEMORY_SHARE = 4;

  private static final long MIB = 1 << 20;

  private KvCapacity() {}

  /**
   * The blocks of an engine.
   *
   * @throws EngineException INVALID if one sequence of the longest kind does not fit
   */
  static int blocks(ModelConfig model, ScalarType type, EngineConfig engine, int maxModelLen) {
    return blocks(KvPool.blockBytes(model, type), engine, maxModelLen, memory());
  }

  /**
   * The same.
   *
   * @param memory the bytes of memory of the machine
   */
  static int blocks(long blockBytes, EngineConfig engine, int maxModelLen, long memory) {
    long ofOne = KvPool.blocksFor(maxModelLen);
    long bytes = engine.kvMb() > 0 ? engine.kvMb() * MIB : memory / MEMORY_SHARE;
    long fitting = Math.min(bytes / blockBytes, Integer.MAX_VALUE);
    if (fitting < ofOne) {
      throw new EngineException(
          EngineException.Kind.INVALID,
          "the KV cache has %d MiB (%s), but one completion of %d tokens needs %d MiB: lower inference.max_model_len or set inference.kv_mb"
              .formatted(
                  bytes / MIB,
                  engine.kvMb() > 0 ? "inference.kv_mb" : "a quarter of the machine's memory",
                  maxModelLen,
                  Math.ceilDiv(ofOne * blockBytes, MIB)));
    }
    return Math.toIntExact(
        engine.kvMb() > 0 ? fitting : Math.min(fitting, engine.maxSequences() * ofOne));
  }

  /** The memory of the machine, or of the container if that has less. */
  private static long memory() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }
}
