package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
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
        assertThat(stream(tokenizer, ids, false)).isEqualTo(tokenizer.decode(ids, false));
      }
    }
  }

  @Test
  void aLongRunOfUnfinishedBytesIsDecodedInTimeLinearInItsLength() throws IOException {
    try (Tokenizer fallback = Tokenizer.load(Fixtures.byteFallback(dir));
        Tokenizer byteLevel = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      int[] run = new int[50_000];
      java.util.Arrays.fill(run, fallback.idOf("<0x80>").orElseThrow());
      assertThat(stream(fallback, run, true)).isEqualTo("\uFFFD".repeat(run.length));
      java.util.Arrays.fill(run, byteLevel.idOf("Ģ").orElseThrow());
      assertThat(stream(byteLevel, run, true)).isEqualTo("\uFFFD".repeat(run.length));
    }
  }

  private static void anyTextIsReproduced(Tokenizer tokenizer) {
    Random random = new Random(3);
    for (int round = 0; round < ROUNDS; round++) {
      int[] ids = tokenizer.encodeOrdinary(Fixtures.text(random));
      String whole = tokenizer.decode(ids, false);
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
      String whole = tokenizer.decode(ids, skipSpecial);
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
    StreamDecoder decoder = new StreamDecoder(tokenizer, skipSpecial);
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
