package dev.freshet.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.ToIntFunction;

/**
 * Prints how fast a chat of 2 kB is tokenized by {@link Tokenizer} and by Hugging Face's library
 * alone, in turns, once the code is compiled: {@code TokenizingBenchmark DIRECTORY...}. In
 * <i>same</i> every text is the same, in <i>fresh</i> a third of its words are random and so in no
 * cache.
 */
final class TokenizingBenchmark {
  private static final int ROUNDS = 20;
  private static final int TEXTS = 50;

  private TokenizingBenchmark() {}

  public static void main(String[] directories) throws IOException {
    for (String directory : directories) {
      try (Tokenizer tokenizer = Tokenizer.load(Path.of(directory))) {
        for (boolean fresh : new boolean[] {false, true}) {
          measure(tokenizer, Path.of(directory), fresh);
        }
      }
    }
  }

  private static void measure(Tokenizer tokenizer, Path directory, boolean fresh) {
    Random random = new Random(1);
    double[] own = new double[ROUNDS];
    double[] library = new double[ROUNDS];
    for (int round = -ROUNDS; round < ROUNDS; round++) {
      String[] texts = new String[TEXTS];
      Arrays.setAll(texts, i -> chat(random, fresh));
      int slot = Math.floorMod(round, ROUNDS);
      own[slot] = megabytesPerSecond(texts, text -> tokenizer.encodeOrdinary(text).length);
      library[slot] = megabytesPerSecond(texts, text -> tokenizer.libraryIds(text, false).length);
    }
    Arrays.sort(own);
    Arrays.sort(library);
    System.out.printf(
        "%s, %s: %.1f MB/s, the library %.1f MB/s (medians of %d rounds)%n",
        directory.getFileName(),
        fresh ? "fresh" : "same",
        own[ROUNDS / 2],
        library[ROUNDS / 2],
        ROUNDS);
  }

  private static double megabytesPerSecond(String[] texts, ToIntFunction<String> encode) {
    long start = System.nanoTime();
    int tokens = 0;
    for (String text : texts) {
      tokens += encode.applyAsInt(text);
    }
    long nanos = System.nanoTime() - start;
    if (tokens == 0) {
      throw new IllegalStateException("the texts have no tokens");
    }
    return bytes(texts) * 1e3 / nanos;
  }

  private static long bytes(String[] texts) {
    return Arrays.stream(texts).mapToLong(s -> s.getBytes(StandardCharsets.UTF_8).length).sum();
  }

  private static String chat(Random random, boolean fresh) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 10; i++) {
      text.append("<|im_start|>").append(i % 2 == 0 ? "user" : "assistant").append('\n');
      for (int j = 0; j < 6; j++) {
        String word = fresh ? Integer.toString(random.nextInt(1 << 30), 36) : "Message";
        text.append("%s %d of the conversation. ".formatted(word, i));
      }
      text.append("<|im_end|>\n");
    }
    return text.toString();
  }
}
