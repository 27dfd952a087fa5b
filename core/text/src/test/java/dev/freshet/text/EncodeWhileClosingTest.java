package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EncodeWhileClosingTest {
  @Test
  void closingWaitsForATextThatIsBeingEncodedAndLaterTextsAreRefused() throws Exception {
    Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"));
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Integer> tokens =
        CompletableFuture.supplyAsync(
            () -> {
              begun.countDown();
              int sum = 0;
              try {
                for (int i = 0; i < 200; i++) {
                  sum += tokenizer.encode("7\n".repeat(2_000)).length;
                }
              } catch (TokenizerException closed) {
                // Expected once it is closed.
              }
              return sum;
            });
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    tokenizer.close();

    assertThat(tokens.get(30, TimeUnit.SECONDS) % 4_000).isZero();
    assertThatThrownBy(() -> tokenizer.encode("a")).isInstanceOf(TokenizerException.class);
  }
}
