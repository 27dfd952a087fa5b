package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * The kinds of tokenizers that models have, held against what transformers does with the same files
 * ({@code make_tokenizers.py}).
 */
class TokenizerFamiliesTest {
  private static final Path FOLDER = Fixtures.directory("tokenizers");

  private static int[] ids(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "metaspace-first",
        "metaspace-never",
        "prepended",
        "replaced",
        "byte-level-prefix-space",
        "byte-level-nfc",
        "byte-level-ignore-merges",
        "unigram-nfkc"
      })
  void idsAndTextsAreThoseOfTransformersAndAStreamGivesTheSameText(String family)
      throws IOException {
    JsonNode golden = Fixtures.JSON.readTree(Files.readString(FOLDER.resolve("golden.json")));
    assertThat(golden.path(family)).isNotEmpty();
    try (Tokenizer tokenizer = Tokenizer.load(FOLDER.resolve(family + ".json"))) {
      for (JsonNode example : golden.path(family)) {
        String text = example.path("text").asString();
        int[] ids = ids(example.path("ids"));

        assertThat(tokenizer.encodeOrdinary(text)).as("'%s'", text).containsExactly(ids);
        assertThat(tokenizer.encode(text))
            .as("'%s'", text)
            .containsExactly(ids(example.path("with_special")));
        String decoded = example.path("decoded").asString();
        assertThat(tokenizer.decode(ids, false)).as("'%s'", text).isEqualTo(decoded);
        assertThat(tokenizer.decode(ids, true))
            .as("'%s'", text)
            .isEqualTo(example.path("without_special").asString());
        assertThat(streamed(tokenizer, ids)).as("'%s'", text).isEqualTo(decoded);
      }
    }
  }

  private static String streamed(Tokenizer tokenizer, int[] ids) {
    StreamDecoder decoder = new StreamDecoder(tokenizer, false, new int[0]);
    StringBuilder all = new StringBuilder();
    for (int id : ids) {
      all.append(decoder.push(id));
    }
    return all.append(decoder.flush()).toString();
  }
}
