package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.ObjectMapper;

class JsonBufferTest {
  private final ObjectMapper jackson = new ObjectMapper();

  @Test
  void everyCharacterReadsBackFromAString() {
    StringBuilder all = new StringBuilder();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c = c < 0x3000 ? c + 1 : c + 97) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        all.appendCodePoint(c);
      }
    }
    assertThat(jackson.readValue(written(out -> out.string(all)), String.class))
        .isEqualTo(all.toString());
  }

  @Test
  void anUnpairedSurrogateBecomesTheReplacementCharacter() {
    assertThat(written(out -> out.string("a\uD83D"))).isEqualTo("\"a\uFFFD\"");
    assertThat(written(out -> out.string("\uDD80b"))).isEqualTo("\"\uFFFDb\"");
  }

  @Test
  void aNumberReadsBackAsTheSameFloat() {
    for (float value : new float[] {0f, -0f, -1e-9f, -0.1f, -12.345678f, -9998f}) {
      assertThat(Float.parseFloat(written(out -> out.number(value)))).isEqualTo(value);
    }
    assertThat(written(out -> out.number(Float.NEGATIVE_INFINITY))).isEqualTo("null");
    assertThat(written(out -> out.number(Float.NaN))).isEqualTo("null");
  }

  private static String written(Consumer<JsonBuffer> writer) {
    JsonBuffer out = new JsonBuffer();
    writer.accept(out);
    return new String(out.toBytes(), StandardCharsets.UTF_8);
  }
}
