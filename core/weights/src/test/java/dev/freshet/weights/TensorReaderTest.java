package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class TensorReaderTest {
  private static final int PIECE = TensorReader.PIECE_BYTES;

  @Test
  void theChecksumCoversAllBytesForAnyNumberOfPieces() {
    TensorReader reader = new TensorReader();
    Random random = new Random(7);
    for (int length : new int[] {0, 1, 7, 8, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 13}) {
      byte[] data = new byte[length];
      random.nextBytes(data);
      CRC32C whole = new CRC32C();
      whole.update(data);

      TensorReader.Contents found = reader.read(RawFiles.tensor("t", DType.U8, data, length));

      assertThat(found.crc32c()).isEqualTo((int) whole.getValue());
      assertThat(found.firstNonFinite()).isEmpty();
    }
  }

  @Test
  void theFirstNumberThatIsNotFiniteIsFoundInAnyPiece() {
    TensorReader reader = new TensorReader();
    int elements = 3 * PIECE / Float.BYTES + 1;
    int inPiece = PIECE / Float.BYTES;
    for (int at : new int[] {0, inPiece - 1, inPiece, 2 * inPiece + 5, elements - 1}) {
      byte[] data = new byte[elements * Float.BYTES];
      ByteBuffer floats = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
      floats.putFloat(at * Float.BYTES, Float.NEGATIVE_INFINITY);
      floats.putFloat((elements - 1) * Float.BYTES, Float.NaN);

      assertThat(reader.read(RawFiles.tensor("t", DType.F32, data, elements)).firstNonFinite())
          .hasValue(at);
    }
  }

  @Test
  void aReaderKeepsNothingOfThePreviousTensor() {
    TensorReader reader = new TensorReader();
    TensorView broken = RawFiles.tensor("b", DType.F32, RawFiles.floats(1, Float.NaN), 2);
    TensorView fine = RawFiles.tensor("f", DType.F32, RawFiles.floats(1), 1);

    assertThat(reader.read(broken).firstNonFinite()).hasValue(1);
    assertThat(reader.read(fine)).isEqualTo(new TensorReader().read(fine));
    assertThat(reader.read(fine).firstNonFinite()).isEmpty();
  }
}
