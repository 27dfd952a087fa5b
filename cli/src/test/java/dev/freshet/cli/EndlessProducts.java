package dev.freshet.cli;

import dev.freshet.process.Lifetime;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A process for {@link SignalsTest} whose threads multiply matrices in libtorch until the process
 * ends, and which does not close within its deadline of 200 ms.
 */
final class EndlessProducts {
  static final String COMPUTES = "computes";

  private static final int THREADS = 4;
  private static final int SIZE = 3000;

  private EndlessProducts() {}

  public static void main(String[] arguments) throws InterruptedException {
    Lifetime.install(Duration.ofMillis(200));
    CountDownLatch first = new CountDownLatch(THREADS);
    for (int i = 0; i < THREADS; i++) {
      Thread.ofPlatform().start(() -> multiply(first));
    }
    first.await();
    System.out.println(COMPUTES);
  }

  private static void multiply(CountDownLatch first) {
    try (PointerScope _ = new PointerScope();
        Tensor matrix = torch.randn(SIZE, SIZE)) {
      first.countDown();
      while (true) {
        torch.matmul(matrix, matrix).close();
      }
    }
  }
}
