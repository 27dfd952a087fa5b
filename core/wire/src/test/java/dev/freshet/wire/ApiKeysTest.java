package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {
  @TempDir private Path dir;

  @Test
  void withoutKeysEveryRequestIsAuthorized() {
    assertThat(ApiKeys.NONE.authorize("", "")).isTrue();
  }

  @Test
  void aFileHasAKeyALineAndComments() throws IOException {
    Path file = Files.writeString(dir.resolve("keys"), "# of the trainer\n a-key \n\nb-key\n");

    assertThat(ApiKeys.inFile(file.toString())).containsExactly("a-key", "b-key");
    ApiKeys keys = ApiKeys.of(ApiKeys.inFile(file.toString()));
    assertThat(keys.authorize("Bearer b-key", "")).isTrue();
    assertThat(keys.authorize("Bearer c-key", "")).isFalse();
    assertThat(keys.authorize("", "a-key")).isTrue();
    assertThat(keys).hasToString("2 API keys");
  }

  @Test
  void aFileWithoutAKeyAndAMalformedKeyAreRefusedWithoutTheKey() throws IOException {
    String empty = Files.writeString(dir.resolve("empty"), "# none\n").toString();

    assertThatThrownBy(() -> ApiKeys.inFile(empty))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(empty + ": expected a key in a line");
    assertThatThrownBy(() -> ApiKeys.inFile(dir.resolve("missing").toString()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> ApiKeys.of(List.of("se cret")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("visible ASCII")
        .message()
        .doesNotContain("se cret");
  }
}
