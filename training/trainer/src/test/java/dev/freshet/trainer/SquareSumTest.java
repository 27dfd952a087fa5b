package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class SquareSumTest {
  private static final long MANY = (1 << 25) + 3;

  @Test
  void theSumOverMillionsOfNumbersIsExactToAMillionth() {
    try (PointerScope _ = new PointerScope()) {
      Tensor values = torch.full(new long[] {MANY}, new Scalar(0.1));

      double square = (double) 0.1f * 0.1f;

      assertThat(SquareSum.of(values)).isCloseTo(MANY * square, withinPercentage(1e-4));
    }
  }

  @Test
  void theSumOfNothingIsZero() {
    try (PointerScope _ = new PointerScope()) {
      assertThat(SquareSum.of(torch.zeros(0))).isZero();
    }
  }
}
