package dev.freshet.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * How numbers lie in the memory of tensors and of the KV cache, read and written as 32-bit floats.
 * Addresses are absolute; the caller guarantees that they are valid.
 */
sealed interface FloatFormat {
  /**
   * The vectors of this processor. At least 128 bits, as halves of them are vectors too, and at
   * most 512, as a vector of keys lies within a block.
   */
  VectorSpecies<Float> FLOATS =
      VectorSpecies.of(
          float.class,
          VectorShape.forBitSize(
              Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512)));

  /** Floats in a vector. */
  int LANES = FLOATS.length();

  /** The process's whole memory. */
  MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** The format of tensors of a type. */
  static FloatFormat of(ScalarType type) {
    return switch (type) {
      case Float -> new Float32();
      case BFloat16 -> new BFloat16();
      case Half -> new Float16();
      default -> throw new ModelException("no attention in %s".formatted(type));
    };
  }

  /** Bytes of a number. */
  int size();

  /** {@link #LANES} numbers from an address on. */
  FloatVector load(long address);

  /** Writes {@link #LANES} numbers, rounded to the nearest. */
  void store(long address, FloatVector values);

  /** One number. */
  float get(long address);

  /** Writes one number, rounded to the nearest. */
  void put(long address, float value);

  /** 32-bit floats. */
  record Float32() implements FloatFormat {
    @Override
    public int size() {
      return Float.BYTES;
    }

    @Override
    public FloatVector load(long address) {
      return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, ByteOrder.nativeOrder());
    }

    @Override
    public void store(long address, FloatVector values) {
      values.intoMemorySegment(MEMORY, address, ByteOrder.nativeOrder());
    }

    @Override
    public float get(long address) {
      return MEMORY.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }

    @Override
    public void put(long address, float value) {
      MEMORY.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }
  }

  /** The upper halves of 32-bit floats. */
  record BFloat16() implements FloatFormat {
    private static final VectorSpecies<Integer> INTS =
        VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final VectorSpecies<Short> SHORTS =
        VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));

    /** Added to the bits of a float, with the lowest kept bit, to round half to even. */
    private static final int ROUNDING = 0x7fff;

    private static final int NAN = 0x7fc0;

    @Override
    public int size() {
      return Short.BYTES;
    }

    @Override
    public FloatVector load(long address) {
      return ((IntVector)
              ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ByteOrder.nativeOrder())
                  .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0))
          .lanewise(VectorOperators.LSHL, Short.SIZE)
          .reinterpretAsFloats();
    }

    @Override
    public void store(long address, FloatVector values) {
      IntVector bits = values.reinterpretAsInts();
      IntVector lowest = bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
      IntVector rounded = bits.add(lowest).add(ROUNDING).lanewise(VectorOperators.LSHR, Short.SIZE);
      IntVector kept = rounded.blend(NAN, values.test(VectorOperators.IS_NAN).cast(INTS));
      ((ShortVector) kept.convertShape(VectorOperators.I2S, SHORTS, 0))
          .intoMemorySegment(MEMORY, address, ByteOrder.nativeOrder());
    }

    @Override
    public float get(long address) {
      return Float.intBitsToFloat(
          MEMORY.get(ValueLayout.JAVA_SHORT_UNALIGNED, address) << Short.SIZE);
    }

    @Override
    public void put(long address, float value) {
      int bits = Float.floatToRawIntBits(value);
      int rounded = (bits + ((bits >>> Short.SIZE) & 1) + ROUNDING) >>> Short.SIZE;
      MEMORY.set(
          ValueLayout.JAVA_SHORT_UNALIGNED, address, (short) (Float.isNaN(value) ? NAN : rounded));
    }
  }

  /** IEEE 754's binary16. Not fast: processors that compute in it are rare. */
  record Float16() implements FloatFormat {
    @Override
    public int size() {
      return Short.BYTES;
    }

    @Override
    public FloatVector load(long address) {
      float[] values = new float[LANES];
      for (int i = 0; i < LANES; i++) {
        values[i] = get(address + (long) i * Short.BYTES);
      }
      return FloatVector.fromArray(FLOATS, values, 0);
    }

    @Override
    public void store(long address, FloatVector values) {
      for (int i = 0; i < LANES; i++) {
        put(address + (long) i * Short.BYTES, values.lane(i));
      }
    }

    @Override
    public float get(long address) {
      return Float.float16ToFloat(MEMORY.get(ValueLayout.JAVA_SHORT_UNALIGNED, address));
    }

    @Override
    public void put(long address, float value) {
      MEMORY.set(ValueLayout.JAVA_SHORT_UNALIGNED, address, Float.floatToFloat16(value));
    }
  }
}
