package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamDecoderTest {
  private static final int ROUNDS = 2_000;

  @TempDir Path dir;

  @Test
  void anyTextIsReproducedWithoutSplitCharactersByByteLevelDecoding() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      anyTextIsReproduced(tokenizer);
    }
  }

  @Test
  void anyTextIsReproducedWithoutSplitCharactersByByteFallback() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.byteFallback(dir))) {
      anyTextIsReproduced(tokenizer);
    }
  }

  @Test
  void anyTokensGiveTheDecodeOfTheWholeByByteLevelDecoding() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-qwen3"))) {
      anyTokensGiveTheDecodeOfTheWhole(tokenizer);
    }
  }

  @Test
  void anyTokensGiveTheDecodeOfTheWholeByByteFallback() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.byteFallback(dir))) {
      anyTokensGiveTheDecodeOfTheWhole(tokenizer);
    }
  }

  @Test
  void aCharacterTokenizersTokensAreDecodedAtOnce() throws IOException {
    new CharTokenizer("abc é水🌊\n").write(dir);
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      anyTokensGiveTheDecodeOfTheWhole(tokenizer);
      StreamDecoder decoder = new StreamDecoder(tokenizer, true);
      for (String c : new String[] {"a", " ", "🌊", "\n", "水"}) {
        assertThat(decoder.push(tokenizer.idOf(c).orElseThrow())).isEqualTo(c);
      }
      assertThat(decoder.push(CharTokenizer.EOS)).isEmpty();
      assertThat(decoder.flush()).isEmpty();
    }
  }

  @Test
  void everyInvalidByteSequenceIsReplacedAsByTheLibrary() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      int[] byteIds = new int[256];
      for (int id = 0; id < tokenizer.vocabSize(); id++) {
        byte[] bytes = ByteAlphabet.bytes(String.valueOf(tokenizer.vocabulary().tokens().get(id)));
        if (bytes.length == 1) {
          byteIds[bytes[0] & 0xFF] = id;
        }
      }
      Random random = new Random(5);
      int[] interesting = {
        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
        0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF
      };
      for (int round = 0; round < 5 * ROUNDS; round++) {
        int[] ids = new int[random.nextInt(8)];
        for (int i = 0; i < ids.length; i++) {
          ids[i] = byteIds[interesting[random.nextInt(interesting.length)]];
        }
        assertThat(stream(tokenizer, ids, false)).isEqualTo(tokenizer.libraryText(ids, false));
      }
    }
  }

  @Test
  void aLongRunOfUnfinishedBytesIsDecodedInTimeLinearInItsLength() throws IOException {
    try (Tokenizer fallback = Tokenizer.load(Fixtures.byteFallback(dir));
        Tokenizer byteLevel = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      int[] run = new int[50_000];
      Arrays.fill(run, fallback.idOf("<0x80>").orElseThrow());
      assertThat(stream(fallback, run, true)).isEqualTo("\uFFFD".repeat(run.length));
      Arrays.fill(run, byteLevel.idOf("Ģ").orElseThrow());
      assertThat(stream(byteLevel, run, true)).isEqualTo("\uFFFD".repeat(run.length));
    }
  }

  @Test
  void theSpaceBetweenThePromptAndTheStreamIsTheStreams() throws IOException {
    for (Path file : List.of(Fixtures.byteFallback(dir), Fixtures.metaspace(dir))) {
      try (Tokenizer tokenizer = Tokenizer.load(file)) {
        int[] prompt = ids(tokenizer, "<s>", "a");
        int[] answer = ids(tokenizer, "▁river", "▁a", "iv");

        assertThat(stream(tokenizer, prompt, answer, true)).isEqualTo(" river aiv");
        assertThat(stream(tokenizer, ids(tokenizer, "<s>"), answer, true)).isEqualTo("river aiv");
        assertThat(stream(tokenizer, new int[0], answer, true)).isEqualTo("river aiv");
        assertThat(stream(tokenizer, ids(tokenizer, "a", "</s>"), answer, true))
            .isEqualTo(" river aiv");
        assertThat(stream(tokenizer, ids(tokenizer, "<s>", "▁"), answer, true))
            .isEqualTo(" river aiv");
      }
    }
  }

  @Test
  void aCharacterThatThePromptBeganBelongsToTheStreamThatCompletesIt() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.byteFallback(dir))) {
      int[] begun = ids(tokenizer, "a", "<0xE6>", "<0xB0>");

      assertThat(stream(tokenizer, begun, ids(tokenizer, "<0xB4>", "▁a"), true)).isEqualTo("水 a");
      assertThat(stream(tokenizer, begun, ids(tokenizer, "<0xB4>"), true)).isEqualTo("水");
      assertThat(stream(tokenizer, begun, ids(tokenizer, "▁a"), true)).isEqualTo(" a");
      assertThat(stream(tokenizer, begun, new int[0], true)).isEmpty();
      assertThat(
              stream(
                  tokenizer,
                  ids(tokenizer, "<0xE6>", "<0xB0>", "<0xB4>", "<0xE6>"),
                  ids(tokenizer, "<0xB0>", "<0xB4>"),
                  true))
          .isEqualTo("水");
    }
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      int[] whole = tokenizer.encodeOrdinary("a水b");
      for (int split = 1; split < whole.length; split++) {
        String prompt = tokenizer.libraryText(Arrays.copyOf(whole, split), false);
        String answer =
            stream(
                tokenizer,
                Arrays.copyOf(whole, split),
                Arrays.copyOfRange(whole, split, whole.length),
                false);
        assertThat(prompt.replace("\uFFFD", "") + answer).isEqualTo("a水b");
      }
    }
  }

  @Test
  void forAnySplitOfAnyTextTheStreamIsWhatItAddsToThePrompt() throws IOException {
    for (Tokenizer tokenizer : everyKind()) {
      try (tokenizer) {
        Random random = new Random(6);
        for (int round = 0; round < ROUNDS; round++) {
          int[] whole = tokenizer.encode(Fixtures.text(random));
          assertStreamIsWhatItAdds(tokenizer, whole, random);
        }
      }
    }
  }

  @Test
  void forAnySplitOfAnyTokensTheStreamIsWhatItAddsToThePrompt() throws IOException {
    for (Tokenizer tokenizer : everyKind()) {
      try (tokenizer) {
        Random random = new Random(7);
        for (int round = 0; round < ROUNDS; round++) {
          int[] whole = random.ints(random.nextInt(40), 0, tokenizer.vocabSize() + 2).toArray();
          assertStreamIsWhatItAdds(tokenizer, whole, random);
        }
      }
    }
  }

  private List<Tokenizer> everyKind() throws IOException {
    return List.of(
        Tokenizer.load(Fixtures.directory("tiny-llama")),
        Tokenizer.load(Fixtures.byteFallback(dir)),
        Tokenizer.load(Fixtures.metaspace(dir)),
        Tokenizer.load(Fixtures.wordPiece(dir)));
  }

  /**
   * Against the library's decode of the whole. If that does not begin with the decoded prompt, the
   * stream has changed the end of the prompt: it has completed a character, or broken a run of byte
   * tokens.
   */
  private static void assertStreamIsWhatItAdds(Tokenizer tokenizer, int[] whole, Random random) {
    int split = random.nextInt(whole.length + 1);
    int[] prompt = Arrays.copyOf(whole, split);
    boolean skipSpecial = random.nextBoolean();
    String before = tokenizer.libraryText(prompt, skipSpecial);
    String all = tokenizer.libraryText(whole, skipSpecial);

    String added =
        stream(tokenizer, prompt, Arrays.copyOfRange(whole, split, whole.length), skipSpecial);

    if (all.startsWith(before)) {
      assertThat(added)
          .as("%s split at %d", Arrays.toString(whole), split)
          .isEqualTo(all.substring(before.length()));
    } else {
      String rest = all.substring(0, all.length() - added.length());
      boolean completed =
          before.equals(rest + "\uFFFD")
              || IntStream.rangeClosed(1, 3)
                  .filter(bytes -> bytes <= split)
                  .mapToObj(
                      bytes ->
                          tokenizer.libraryText(Arrays.copyOf(prompt, split - bytes), skipSpecial))
                  .anyMatch(rest::equals);
      boolean broken = rest.length() == before.length();
      assertThat(all).endsWith(added);
      assertThat(completed || broken)
          .as("'%s' and '%s' added to '%s'", added, rest, before)
          .isTrue();
      assertNoHalfCharacter(added);
    }
  }

  private static int[] ids(Tokenizer tokenizer, String... tokens) {
    return Arrays.stream(tokens).mapToInt(token -> tokenizer.idOf(token).orElseThrow()).toArray();
  }

  private static void anyTextIsReproduced(Tokenizer tokenizer) {
    Random random = new Random(3);
    for (int round = 0; round < ROUNDS; round++) {
      int[] ids = tokenizer.encodeOrdinary(Fixtures.text(random));
      String whole = tokenizer.libraryText(ids, false);
      StringBuilder text = new StringBuilder();
      StreamDecoder decoder = new StreamDecoder(tokenizer, false);
      for (int id : ids) {
        String part = decoder.push(id);
        assertNoHalfCharacter(part);
        text.append(part);
        assertThat(whole).startsWith(text);
      }
      text.append(decoder.flush());
      assertThat(text.toString()).isEqualTo(whole);
      assertThat(count(text)).isEqualTo(count(whole));
    }
  }

  private static void anyTokensGiveTheDecodeOfTheWhole(Tokenizer tokenizer) {
    Random random = new Random(4);
    for (int round = 0; round < ROUNDS; round++) {
      int[] ids = random.ints(random.nextInt(40), 0, tokenizer.vocabSize() + 2).toArray();
      boolean skipSpecial = random.nextBoolean();
      String whole = tokenizer.libraryText(ids, skipSpecial);
      StringBuilder text = new StringBuilder();
      StreamDecoder decoder = new StreamDecoder(tokenizer, skipSpecial);
      for (int id : ids) {
        text.append(decoder.push(id));
        assertThat(whole).startsWith(text);
      }
      assertThat(text.append(decoder.flush()).toString()).isEqualTo(whole);
    }
  }

  private static String stream(Tokenizer tokenizer, int[] ids, boolean skipSpecial) {
    return stream(tokenizer, new int[0], ids, skipSpecial);
  }

  private static String stream(Tokenizer tokenizer, int[] prompt, int[] ids, boolean skipSpecial) {
    StreamDecoder decoder = new StreamDecoder(tokenizer, skipSpecial, prompt);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.push(id));
    }
    return text.append(decoder.flush()).toString();
  }

  private static void assertNoHalfCharacter(String part) {
    if (!part.isEmpty()) {
      assertThat(Character.isLowSurrogate(part.charAt(0))).isFalse();
      assertThat(Character.isHighSurrogate(part.charAt(part.length() - 1))).isFalse();
    }
  }

  private static long count(CharSequence text) {
    return text.chars().filter(c -> c == '\uFFFD').count();
  }
}
