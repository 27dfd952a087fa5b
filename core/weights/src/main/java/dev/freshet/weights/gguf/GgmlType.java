package dev.freshet.weights.gguf;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The types of tensors in a GGUF file that are read. A type stores elements in blocks; the numbers
 * and layouts are those of ggml.
 */
public enum GgmlType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  BF16(30, 1, 2),
  /** 32 elements: scale d (F16), 4 bits each; an element is d · (q − 8). */
  Q4_0(2, 32, 18),
  /** 32 elements: scale d and minimum m (F16), 4 bits each; an element is d · q + m. */
  Q4_1(3, 32, 20),
  /** 32 elements: scale d (F16), 8 bits each, signed; an element is d · q. */
  Q8_0(8, 32, 34);

  /** Types that are not read, for messages. */
  private static final Map<Integer, String> OTHERS =
      Map.ofEntries(
          Map.entry(6, "Q5_0"),
          Map.entry(7, "Q5_1"),
          Map.entry(9, "Q8_1"),
          Map.entry(10, "Q2_K"),
          Map.entry(11, "Q3_K"),
          Map.entry(12, "Q4_K"),
          Map.entry(13, "Q5_K"),
          Map.entry(14, "Q6_K"),
          Map.entry(15, "Q8_K"),
          Map.entry(16, "IQ2_XXS"),
          Map.entry(17, "IQ2_XS"),
          Map.entry(18, "IQ3_XXS"),
          Map.entry(19, "IQ1_S"),
          Map.entry(20, "IQ4_NL"),
          Map.entry(21, "IQ3_S"),
          Map.entry(22, "IQ2_S"),
          Map.entry(23, "IQ4_XS"),
          Map.entry(24, "I8"),
          Map.entry(25, "I16"),
          Map.entry(26, "I32"),
          Map.entry(27, "I64"),
          Map.entry(28, "F64"),
          Map.entry(29, "IQ1_M"),
          Map.entry(34, "TQ1_0"),
          Map.entry(35, "TQ2_0"),
          Map.entry(39, "MXFP4"));

  private final int number;
  private final int blockElements;
  private final int blockBytes;

  GgmlType(int number, int blockElements, int blockBytes) {
    this.number = number;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** The type with this number in a file; empty if it is not read. */
  static Optional<GgmlType> of(long number) {
    return Arrays.stream(values()).filter(type -> type.number == number).findFirst();
  }

  /** What a message calls a number that is not read. */
  static String nameOf(long number) {
    String known = OTHERS.get((int) number);
    return known != null && (int) number == number ? known : "number " + number;
  }

  /** The names of all types that are read, for messages. */
  static String known() {
    return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "));
  }

  /** The elements of one block. */
  public int blockElements() {
    return blockElements;
  }

  /** The size of one block in the file. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether elements share a scale, so that the file holds approximations of the model. */
  public boolean quantized() {
    return blockElements > 1;
  }
}
