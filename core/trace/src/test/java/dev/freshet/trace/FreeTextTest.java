package dev.freshet.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FreeTextTest {
  private static final String BACKSLASH = "\\";

  @Test
  void aTagIsBrokenAndATextIsOneLine() {
    assertThat(FreeText.escaped("tensor x\n2026 [weights][00000000deadbeef] client.done"))
        .isEqualTo("tensor x\\n2026 [weights" + BACKSLASH + "][00000000deadbeef] client.done");
    for (String tag : new String[] {"weights", "ckpt", "gen", "rollout", "fleet"}) {
      assertThat(FreeText.escaped("a [" + tag + "] b")).isEqualTo("a [" + tag + BACKSLASH + "] b");
    }
  }

  @Test
  void colorsInsideATagDoNotSurvive() {
    assertThat(FreeText.escaped("[\u001b[0mckpt] write.done"))
        .isEqualTo("[" + BACKSLASH + "u001b[0mckpt] write.done");
  }

  @Test
  void otherTextIsUnchanged() {
    for (String text :
        new String[] {"", "tensor [3, 4] of [weight]", "größe ≠ [ckpt", "a \"b\" 'c' 50%"}) {
      assertThat(FreeText.escaped(text)).isEqualTo(text);
    }
  }

  @Test
  void theTextCanBeRestored() {
    Random random = new Random(5);
    String[] parts = {
      "[ckpt]", "[gen] x", "\\", "\n", "\r", "\t", "u005b", "\u2028", "\0", "é", " "
    };
    for (int round = 0; round < 2000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(12); i >= 0; i--) {
        text.append(parts[random.nextInt(parts.length)]);
      }
      String escaped = FreeText.escaped(text.toString());
      assertThat(escaped).doesNotContainPattern("[\\n\\r\\x{2028}]|\\[(ckpt|gen)\\]");
      assertThat(restored(escaped)).isEqualTo(text.toString());
    }
  }

  private static String restored(String escaped) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char kind = escaped.charAt(++i);
      switch (kind) {
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'u' -> {
          text.append((char) Integer.parseInt(escaped.substring(i + 1, i + 5), 16));
          i += 4;
        }
        default -> text.append(kind);
      }
    }
    return text.toString();
  }
}
