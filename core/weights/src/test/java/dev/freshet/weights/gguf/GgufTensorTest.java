package dev.freshet.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The values of each type of tensor, worked out by hand from ggml's definition of its blocks. */
class GgufTensorTest {
  private static final short HALF = 0x3800; // 0.5 as F16
  private static final short MINUS_THREE = (short) 0xc200; // −3 as F16

  @TempDir Path dir;

  private static byte[] block(int bytes, Consumer<ByteBuffer> content) {
    ByteBuffer block = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    content.accept(block);
    return block.array();
  }

  private float[] read(int type, byte[] blocks, long first, int count, long... shape)
      throws IOException {
    Path file = new GgufBuilder().tensor("t", type, blocks, shape).write(dir.resolve("t.gguf"));
    try (GgufFile gguf = GgufFile.open(file)) {
      float[] into = new float[count];
      GgufTensor tensor = Objects.requireNonNull(gguf.tensors().get("t"));
      assertThat(tensor.shape()).isEqualTo(shape);
      tensor.read(first, into);
      return into;
    }
  }

  @Test
  void floatsAreReadAsTheyAre() throws IOException {
    byte[] data = block(12, b -> b.putFloat(1.5f).putFloat(-0f).putFloat(Float.MIN_VALUE));

    assertThat(read(0, data, 0, 3, 3)).containsExactly(1.5f, -0f, Float.MIN_VALUE);
    assertThat(read(0, data, 1, 2, 3)).containsExactly(-0f, Float.MIN_VALUE);
  }

  @Test
  void halvesAndBrainFloatsAreWidened() throws IOException {
    byte[] halves = block(6, b -> b.putShort(HALF).putShort(MINUS_THREE).putShort((short) 1));
    byte[] brain = block(4, b -> b.putShort((short) 0x3fc0).putShort((short) 0xc040));

    assertThat(read(1, halves, 0, 3, 3)).containsExactly(0.5f, -3f, 0x1p-24f);
    assertThat(read(30, brain, 0, 2, 2)).containsExactly(1.5f, -3f);
  }

  @Test
  void anElementOfQ8_0IsItsNumberTimesTheScale() throws IOException {
    byte[] blocks =
        block(
            68,
            b -> {
              b.putShort(HALF);
              for (int i = 0; i < 32; i++) {
                b.put((byte) (i == 31 ? -128 : i));
              }
              b.putShort(MINUS_THREE).put((byte) 2);
            });

    float[] values = read(8, blocks, 0, 64, 2, 32);

    assertThat(values[0]).isZero();
    assertThat(values[1]).isEqualTo(0.5f);
    assertThat(values[30]).isEqualTo(15f);
    assertThat(values[31]).isEqualTo(-64f);
    assertThat(values[32]).isEqualTo(-6f);
    assertThat(read(8, blocks, 32, 32, 2, 32)[0]).isEqualTo(-6f);
  }

  @Test
  void anElementOfQ4_0IsItsNumberLess8TimesTheScaleLowBitsFirst() throws IOException {
    byte[] block = block(18, b -> b.putShort(HALF).put((byte) 0xf0).put((byte) 0x89));

    float[] values = read(2, block, 0, 32, 32);

    assertThat(values[0]).isEqualTo(0.5f * (0 - 8));
    assertThat(values[16]).isEqualTo(0.5f * (15 - 8));
    assertThat(values[1]).isEqualTo(0.5f * (9 - 8));
    assertThat(values[17]).isZero();
    assertThat(values[31]).isEqualTo(-4f);
  }

  @Test
  void anElementOfQ4_1IsItsNumberTimesTheScalePlusTheMinimum() throws IOException {
    byte[] block = block(20, b -> b.putShort(HALF).putShort(MINUS_THREE).put((byte) 0xf1));

    float[] values = read(3, block, 0, 32, 32);

    assertThat(values[0]).isEqualTo(0.5f - 3);
    assertThat(values[16]).isEqualTo(7.5f - 3);
    assertThat(values[15]).isEqualTo(-3f);
  }

  @Test
  void aPartOfABlockIsNotRead() {
    assertThatThrownBy(() -> read(2, new byte[18], 0, 16, 32))
        .hasMessageContaining("multiples of 32");
  }

  @Test
  void keysHaveTheirTypes() throws IOException {
    Path file =
        new GgufBuilder()
            .key("count", 7)
            .key("number", 0.25f)
            .key("flag", true)
            .key("text", "ü")
            .key("texts", List.of("a", "b"))
            .key("numbers", List.of(1, 2))
            .rawKey("i8", 1, (byte) -1)
            .rawKey("u8", 0, (byte) -1)
            .rawKey("i16", 3, (byte) 2, (byte) 0)
            .rawKey("u64", 10, block(8, b -> b.putLong(-1)))
            .rawKey("f64", 12, block(8, b -> b.putDouble(0.1)))
            .write(dir.resolve("keys.gguf"));
    try (GgufFile gguf = GgufFile.open(file)) {
      GgufMetadata metadata = gguf.metadata();
      assertThat(metadata.count("count")).hasValue(7);
      assertThat(metadata.decimal("number")).hasValue(0.25);
      assertThat(metadata.flag("flag")).hasValue(true);
      assertThat(metadata.text("text")).hasValue("ü");
      assertThat(metadata.texts("texts")).containsExactly("a", "b");
      assertThat(metadata.numbers("numbers")).containsExactly(1.0, 2.0);
      assertThat(metadata.count("u8")).hasValue(255);
      assertThat(metadata.count("i16")).hasValue(2);
      assertThat(metadata.decimal("f64")).hasValue(0.1);
      assertThat(metadata.text("missing")).isEmpty();
      assertThatThrownBy(() -> metadata.count("i8"))
          .hasMessageContaining("key 'i8' is the integer -1, expected an integer from 0");
      assertThatThrownBy(() -> metadata.count("u64")).hasMessageContaining("'u64'");
      assertThatThrownBy(() -> metadata.text("count"))
          .hasMessage("%s: key 'count' is the integer 7, expected a string", file);
    }
  }
}
