package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.http.ApiException;
import dev.freshet.text.TokenizerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TextPromptsTest {
  private static final CompletionLimits LIMITS =
      new CompletionLimits(1 << 20, 1 << 20, 2 << 20, 1 << 20);
  private static final String LONG_TEXT = "x".repeat(TextPrompts.SHORT_BYTES + 1);

  private static TextPrompts prompts(Function<String, int[]> encode) {
    return new TextPrompts(encode, 64, OptionalLong.empty(), LIMITS);
  }

  private static CompletableFuture<int[]> tokenize(TextPrompts prompts, String text) {
    CompletableFuture<int[]> ids = new CompletableFuture<>();
    prompts.tokenize(text, () -> true, ids::complete, ids::completeExceptionally);
    return ids;
  }

  private static ApiException refused(TextPrompts prompts, String text) {
    return assertThatExceptionOfType(ApiException.class)
        .isThrownBy(() -> tokenize(prompts, text))
        .actual();
  }

  @Test
  void whateverTheTokenizerThrowsIsAnsweredAndTheNextTextIsTokenized() throws Exception {
    List<Throwable> faults =
        List.of(
            new StackOverflowError(),
            new UnsatisfiedLinkError("no tokenizers"),
            new OutOfMemoryError("Java heap space"),
            new IllegalStateException("released"));
    for (Throwable fault : faults) {
      try (TextPrompts prompts = prompts(text -> text.isEmpty() ? thrown(fault) : new int[] {7})) {
        assertThat(failure(tokenize(prompts, "")))
            .isInstanceOfSatisfying(
                ApiException.class,
                e -> {
                  assertThat(e.error().status()).isEqualTo(500);
                  assertThat(e.getMessage()).startsWith("the prompt cannot be tokenized: ");
                });
        assertThat(tokenize(prompts, "a").get(30, TimeUnit.SECONDS)).containsExactly(7);
      }
    }
  }

  private static int[] thrown(Throwable fault) {
    if (fault instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) fault;
  }

  private static Throwable failure(CompletableFuture<int[]> ids) throws Exception {
    try {
      throw new AssertionError("tokenized: " + ids.get(30, TimeUnit.SECONDS).length);
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    }
  }

  @Test
  void aTextThatTheTokenizerRefusesIsTheClientsFault() throws Exception {
    try (TextPrompts prompts =
        prompts(
            _ -> {
              throw new TokenizerException("character 'A' is not in the vocabulary");
            })) {
      assertThat(failure(tokenize(prompts, "A"))).isInstanceOf(TokenizerException.class);
    }
  }

  @Test
  void aTextOfMoreBytesThanTheContextsTokensHaveIsRefusedAndOneOfAsManyIsNot() throws Exception {
    TextPrompts prompts = new TextPrompts(_ -> new int[] {1}, 64, OptionalLong.of(9), LIMITS);
    try (prompts) {
      for (String fitting : List.of("123456789", "äöü123", "水水水", "🦀🦀1", "\uD800123456")) {
        assertThat(tokenize(prompts, fitting).get(30, TimeUnit.SECONDS)).hasSize(1);
      }
      for (String tooLong : List.of("1234567890", "äöü1234", "水水水1", "🦀🦀12")) {
        assertThat(refused(prompts, tooLong).error().body().message())
            .isEqualTo(
                "prompt: expected a text of at most 9 bytes, got 10: a longer text has more tokens than the"
                    + " context (inference.max_model_len), which is 64");
      }
    }
  }

  @Test
  void aTextAboveTheCeilingIsRefusedAlsoIfTheContextWouldHoldIt() {
    try (TextPrompts prompts = prompts(_ -> new int[1])) {
      ApiException refused = refused(prompts, "x".repeat((1 << 20) + 1));

      assertThat(refused.error().status()).isEqualTo(400);
      assertThat(refused.getMessage())
          .isEqualTo(
              "prompt: expected a text of at most 1048576 bytes, got 1048577: send a longer prompt"
                  + " as token ids");
    }
  }

  @Test
  void longTextsAreTokenizedOneAtATimeAndHoldUpNoShortOne() throws Exception {
    CountDownLatch free = new CountDownLatch(1);
    List<String> begun = new ArrayList<>();
    Function<String, int[]> encode =
        text -> {
          if (text.length() > 1) {
            synchronized (begun) {
              begun.add(text);
            }
            ServerFixture.awaitLatch(free);
          }
          return new int[] {text.length()};
        };
    try (TextPrompts prompts = prompts(encode)) {
      CompletableFuture<int[]> first = tokenize(prompts, LONG_TEXT);
      CompletableFuture<int[]> second = tokenize(prompts, LONG_TEXT);

      for (int i = 0; i < 100; i++) {
        assertThat(tokenize(prompts, "x").get(30, TimeUnit.SECONDS)).containsExactly(1);
      }
      synchronized (begun) {
        assertThat(begun).hasSizeLessThanOrEqualTo(1);
      }
      free.countDown();
      assertThat(first.get(30, TimeUnit.SECONDS)).hasSize(1);
      assertThat(second.get(30, TimeUnit.SECONDS)).hasSize(1);
    }
  }

  @Test
  void textsThatWaitAreBoundedInBytesAndTheirPlacesAreFreeAgain() throws Exception {
    CountDownLatch free = new CountDownLatch(1);
    String large = "x".repeat(1 << 20);
    try (TextPrompts prompts =
        prompts(
            _ -> {
              ServerFixture.awaitLatch(free);
              throw new StackOverflowError();
            })) {
      List<CompletableFuture<int[]>> waiting =
          List.of(tokenize(prompts, large), tokenize(prompts, large));
      ApiException full = refused(prompts, LONG_TEXT);

      assertThat(full.error().status()).isEqualTo(503);
      assertThat(full.error().body().code()).isEqualTo("overloaded");
      free.countDown();
      for (CompletableFuture<int[]> one : waiting) {
        assertThat(failure(one)).isInstanceOf(ApiException.class);
      }
      eventually(() -> isAccepted(prompts, large));
    }
  }

  private static boolean isAccepted(TextPrompts prompts, String text) {
    try {
      var _ = tokenize(prompts, text);
      return true;
    } catch (ApiException stillFull) {
      return false;
    }
  }

  @Test
  void aTextThatNobodyWaitsForIsNotTokenized() throws Exception {
    CompletableFuture<String> encoded = new CompletableFuture<>();
    try (TextPrompts prompts =
        prompts(
            text -> {
              encoded.complete(text);
              return new int[1];
            })) {
      prompts.tokenize("gone", () -> false, _ -> {}, _ -> {});
      prompts.tokenize("gone too", () -> false, _ -> {}, _ -> {});
      prompts.tokenize("here", () -> true, _ -> {}, _ -> {});

      assertThat(encoded.get(30, TimeUnit.SECONDS)).isEqualTo("here");
    }
  }

  @Test
  void onceClosedItRefusesTexts() {
    TextPrompts prompts = prompts(_ -> new int[1]);
    prompts.close();

    assertThat(refused(prompts, "a").error().body().code()).isEqualTo("shutting_down");
  }
}
