package dev.freshet.inference.front;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.ObjectMapper;

class JsonTest {
  private final ObjectMapper jackson = new ObjectMapper();

  @Test
  void everyCharacterReadsBack() {
    StringBuilder all = new StringBuilder();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c = c < 0x3000 ? c + 1 : c + 97) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        all.appendCodePoint(c);
      }
    }
    assertThat(jackson.readValue(written(out -> Json.string(out, all)), String.class))
        .isEqualTo(all.toString());
  }

  @Test
  void aSurrogateWithoutItsPartnerBecomesTheReplacementCharacter() {
    assertThat(written(out -> Json.string(out, "a\uD83D"))).isEqualTo("\"a\uFFFD\"");
    assertThat(written(out -> Json.string(out, "\uDD80b"))).isEqualTo("\"\uFFFDb\"");
  }

  @Test
  void aLogprobReadsBackAsTheSameFloat() {
    for (float value : new float[] {0f, -0f, -1e-9f, -0.1f, -12.345678f, -9998f}) {
      assertThat(Float.parseFloat(written(out -> Json.logprob(out, value)))).isEqualTo(value);
    }
    assertThat(written(out -> Json.logprob(out, Float.NEGATIVE_INFINITY))).isEqualTo("-9999.0");
    assertThat(written(out -> Json.logprob(out, Float.NaN))).isEqualTo("null");
  }

  private static String written(Consumer<ByteBuf> writer) {
    ByteBuf out = Unpooled.buffer();
    writer.accept(out);
    return out.toString(StandardCharsets.UTF_8);
  }
}
