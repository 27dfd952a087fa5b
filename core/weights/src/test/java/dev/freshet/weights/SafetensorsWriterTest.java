package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir Path dir;

  @Test
  void theFileHasTheFormatsBytes() throws IOException {
    Path file = dir.resolve("model.safetensors");

    SafetensorsWriter.write(
        file,
        List.of(
            RawFiles.tensor("h", DType.BF16, RawFiles.shorts(1), 1),
            RawFiles.tensor("w", DType.F32, RawFiles.floats(1, 2), 2, 1)),
        Map.of("format", "pt"));

    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    long length = bytes.getLong();
    assertThat((8 + length) % 64).isZero();
    byte[] json = new byte[(int) length];
    bytes.get(json);
    assertThat(new String(json, StandardCharsets.UTF_8).stripTrailing())
        .isEqualTo(
            "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                + "\"h\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[8,10]}}");
    assertThat(bytes.getFloat()).isEqualTo(1f);
    assertThat(bytes.getFloat()).isEqualTo(2f);
    assertThat(bytes.getShort()).isEqualTo((short) 1);
    assertThat(bytes.remaining()).isZero();
  }

  @Test
  void everyTypeIsReadBackAsWritten() throws IOException {
    byte[] data = new byte[3 * 8];
    new Random(1).nextBytes(data);
    List<TensorView> tensors =
        Arrays.stream(DType.values())
            .map(
                t ->
                    RawFiles.tensor(
                        "of \"" + t + "\" é", t, Arrays.copyOf(data, 3 * t.bytes()), 3, 1))
            .toList();

    Map<String, TensorEntry> entries =
        SafetensorsWriter.write(dir.resolve("model.safetensors"), tensors, Map.of());

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      assertThat(checkpoint.tensors().keySet()).containsExactlyElementsOf(entries.keySet());
      for (TensorView written : tensors) {
        TensorView read = Objects.requireNonNull(checkpoint.tensors().get(written.name()));
        assertThat(read.dtype()).isEqualTo(written.dtype());
        assertThat(read.shape()).isEqualTo(written.shape());
        assertThat(read.data().mismatch(written.data())).isEqualTo(-1);
        CRC32C crc = new CRC32C();
        crc.update(data, 0, 3 * written.dtype().bytes());
        assertThat(entries.get(written.name()))
            .isEqualTo(new TensorEntry(written.dtype(), List.of(3L, 1L), (int) crc.getValue()));
      }
    }
  }

  @Test
  void tensorsOfAMultipleOf64BytesAreAlignedInTheMapping() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(
          dir.resolve("model.safetensors"),
          List.of(
              tensor("odd", DType.U8, arena, 3),
              tensor("bias", DType.F32, arena, 5),
              tensor("big", DType.BF16, arena, 96, 64),
              tensor("half", DType.BF16, arena, 7),
              tensor("wide", DType.F32, arena, 1 << 15, 9)),
          Map.of());
    }

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      checkpoint
          .tensors()
          .values()
          .forEach(
              t ->
                  assertThat(
                          t.data().address()
                              % (t.data().byteSize() % 64 == 0 ? 64 : t.dtype().bytes()))
                      .as(t.toString())
                      .isZero());
      assertThat(checkpoint.tensors().keySet())
          .containsExactly("big", "wide", "bias", "half", "odd");
    }
  }

  @Test
  void anExistingFileIsNotOverwritten() throws IOException {
    Path file = Files.writeString(dir.resolve("model.safetensors"), "precious");

    assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(), Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessage("%s: exists already, expected a new file", file);
    assertThat(file).hasContent("precious");
  }

  @Test
  void aMappedFileShortenedBeforeItIsCopiedIsAnErrorAndNotTheEndOfTheProcess() throws IOException {
    int size = 1 << 20;
    Path source = Files.write(dir.resolve("source"), new byte[size]);
    Path file = dir.resolve("model.safetensors");
    try (Arena arena = Arena.ofConfined();
        FileChannel channel =
            FileChannel.open(source, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment mapping = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      channel.truncate(5_000);
      TensorView tensor = new TensorView("a", DType.U8, new long[] {size}, mapping);

      assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(tensor), Map.of()))
          .isInstanceOf(IOException.class);
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void twoTensorsWithOneNameAreRefusedBeforeAnythingIsWritten() {
    TensorView a = RawFiles.tensor("a", DType.U8, new byte[1], 1);

    assertThatThrownBy(() -> SafetensorsWriter.write(dir.resolve("f"), List.of(a, a), Map.of()))
        .hasMessage("tensor 'a': expected a unique name other than __metadata__");
    assertThat(dir.resolve("f")).doesNotExist();
  }

  @Test
  void aViewWhoseSizeDoesNotFitItsShapeIsRefused() {
    assertThatThrownBy(() -> RawFiles.tensor("a", DType.F32, new byte[12], 2, 2))
        .hasMessage("tensor 'a': 12 bytes of data, expected 16 for F32 [2, 2]");
  }

  private static TensorView tensor(String name, DType dtype, Arena arena, long... shape) {
    MemorySegment data = arena.allocate(TensorView.byteSize(dtype, shape));
    data.fill((byte) 1);
    return new TensorView(name, dtype, shape, data);
  }
}
