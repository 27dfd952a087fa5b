package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The replacement of the model in a body. */
class ModelFieldTest {
  private static Optional<String> replaced(String body) {
    return ModelField.replaced(body.getBytes(StandardCharsets.UTF_8), "policy", "policy@v7")
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"model\":\"policy\"}|{\"model\":\"policy@v7\"}",
        "{ \"prompt\" : \"ü\" ,\"model\" : \"policy\" , \"n\":1.50 }|{ \"prompt\" : \"ü\" ,\"model\" : \"policy@v7\" , \"n\":1.50 }",
        "{\"a\":{\"model\":\"policy\"},\"model\":\"p\\u006flicy\"}|{\"a\":{\"model\":\"policy\"},\"model\":\"policy@v7\"}",
        "{\"model\":\"x\",\"model\":\"policy\"}|{\"model\":\"x\",\"model\":\"policy@v7\"}",
      })
  void onlyTheBytesOfTheValueChange(String body, String expected) {
    assertThat(replaced(body)).hasValue(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[\"model\",\"policy\"]",
        "{\"model\":\"base\"}",
        "{\"model\":\"policy@v6\"}",
        "{\"model\":[\"policy\"]}",
        "{\"prompt\":\"\\\"model\\\":\\\"policy\\\"\"}",
        "{\"messages\":[{\"model\":\"policy\"}]}",
        "{\"model\":\"policy\",\"model\":\"base\"}",
        "{\"model\":\"policy\"",
      })
  void aBodyThatIsNotForThePolicyIsLeftAsItIs(String body) {
    assertThat(replaced(body)).isEmpty();
  }

  @Test
  void aLongPromptBeforeTheModelIsNotCopiedWrongly() {
    String prompt = "x".repeat(3 << 20);
    assertThat(replaced("{\"prompt\":\"" + prompt + "\",\"model\":\"policy\"}"))
        .hasValue("{\"prompt\":\"" + prompt + "\",\"model\":\"policy@v7\"}");
  }
}
