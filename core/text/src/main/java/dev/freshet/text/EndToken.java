package dev.freshet.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Reads which token ends a text according to a {@code tokenizer_config.json}. In models that were
 * tuned for chats it is often the only place that names the end of a turn.
 */
final class EndToken {
  static final String FILE = "tokenizer_config.json";

  private static final String KEY = "eos_token";
  private static final ObjectMapper JSON = new ObjectMapper();

  private EndToken() {}

  /**
   * The token, as the vocabulary writes it; empty if the directory has no such file, or the file
   * names none.
   */
  static Optional<String> in(Path dir) {
    Path file = dir.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode token = JSON.readTree(TokenizerFile.read(file)).path(KEY);
      JsonNode content = token.isObject() ? token.path("content") : token;
      if (content.isString()) {
        return Optional.of(content.asString());
      }
      if (token.isMissingNode() || token.isNull()) {
        return Optional.empty();
      }
      throw new TokenizerException(
          "%s: %s is %s: expected a string, or an object with content"
              .formatted(file, KEY, token.getNodeType().name().toLowerCase(Locale.ROOT)));
    } catch (JacksonException e) {
      throw new TokenizerException(
          "%s: expected JSON: %s".formatted(file, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new TokenizerException("%s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }
}
