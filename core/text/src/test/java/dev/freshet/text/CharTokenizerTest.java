package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CharTokenizerTest {
  @TempDir Path dir;

  @Test
  void theTokenizerLoadedFromItsFilesGivesTheSameIds() throws IOException {
    CharTokenizer characters = new CharTokenizer("zya b\n水🌊'\"\\");
    characters.write(dir);
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      String text = "a b\n🌊水z\"\\y'  z";

      assertThat(tokenizer.vocabSize()).isEqualTo(characters.vocabSize());
      assertThat(tokenizer.encode(text)).containsExactly(characters.encode(text));
      assertThat(tokenizer.decode(characters.encode(text), true)).isEqualTo(text);
      assertThat(characters.encode("zy")).containsExactly(4, 5);
    }
  }

  @Test
  void specialTokensHaveTheFirstIdsAndCanBeWrittenInText() throws IOException {
    new CharTokenizer("ab").write(dir);
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      assertThat(tokenizer.encode("<|pad|><|bos|>ab<|sep|>ba<|eos|>"))
          .containsExactly(
              CharTokenizer.PAD,
              CharTokenizer.BOS,
              4,
              5,
              CharTokenizer.SEP,
              5,
              4,
              CharTokenizer.EOS);
      assertThat(tokenizer.decode(new int[] {1, 4, 3, 5, 2}, true)).isEqualTo("ab");
      assertThat(tokenizer.vocabulary().special()).contains(CharTokenizer.EOS);
    }
  }

  @Test
  void aCharacterOutsideTheAlphabetIsAnError() throws IOException {
    CharTokenizer characters = new CharTokenizer("ab");
    characters.write(dir);
    assertThatThrownBy(() -> characters.encode("abC"))
        .isInstanceOf(TokenizerException.class)
        .hasMessage("character 'C' is not in the alphabet 'ab'");
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      assertThatThrownBy(() -> tokenizer.encode("abC"))
          .isInstanceOf(TokenizerException.class)
          .hasMessageContaining("character 'C' is not in the vocabulary");
    }
  }

  @Test
  void anAlphabetWithARepeatedCharacterIsRefused() {
    assertThatThrownBy(() -> new CharTokenizer("aba")).hasMessageContaining("each once");
    assertThatThrownBy(() -> new CharTokenizer("")).hasMessageContaining("one or more characters");
  }
}
