package dev.freshet.weights;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The element types of tensors on disk whose elements are whole bytes. All are little endian. A
 * model computes in F32, BF16 or F16; the others are read so that checkpoints for other programs
 * can be inspected.
 */
public enum DType {
  F64(8),
  F32(4),
  BF16(2),
  F16(2),
  F8_E4M3(1),
  F8_E5M2(1),
  F8_E8M0(1),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of one element. */
  public int bytes() {
    return bytes;
  }

  /** The name in a safetensors header. */
  public String wireName() {
    return name();
  }

  /** The type with that name in a safetensors header; empty if Freshet does not support it. */
  static Optional<DType> ofWireName(String name) {
    return Arrays.stream(values()).filter(t -> t.wireName().equals(name)).findFirst();
  }

  /** The names of all types, for messages. */
  static String known() {
    return Arrays.stream(values()).map(DType::wireName).collect(Collectors.joining(", "));
  }
}
