package dev.freshet.text.template;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * What the files of a checkpoint say about chat templates, read as transformers reads them.
 *
 * @param sources the templates by name; a single one is named {@code default}
 * @param specialTokens the texts of special tokens by name, such as {@code bos_token}
 */
record TemplateFiles(Map<String, String> sources, Map<String, String> specialTokens) {
  private static final String DEFAULT = "default";
  private static final String KEY = "chat_template";
  private static final String EXTRA = "extra_special_tokens";

  /** Larger than the {@code tokenizer_config.json} of any published model. */
  private static final long MOST_BYTES = 32 << 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  static TemplateFiles read(Path checkpoint) throws IOException {
    JsonNode config = json(checkpoint.resolve("tokenizer_config.json"));
    Map<String, String> sources = ownFiles(checkpoint);
    if (sources.isEmpty()) {
      sources = configured(config.path(KEY), checkpoint);
    }
    if (sources.isEmpty()) {
      JsonNode processor = json(checkpoint.resolve("chat_template.json"));
      sources = configured(processor.path(KEY), checkpoint);
    }
    Map<String, String> tokens = new LinkedHashMap<>();
    addTokens(config, tokens);
    if (!config.has("added_tokens_decoder")) {
      addTokens(json(checkpoint.resolve("special_tokens_map.json")), tokens);
    }
    return new TemplateFiles(sources, tokens);
  }

  private static Map<String, String> ownFiles(Path checkpoint) throws IOException {
    Map<String, String> sources = new TreeMap<>();
    Path single = checkpoint.resolve("chat_template.jinja");
    if (Files.isRegularFile(single)) {
      sources.put(DEFAULT, text(single));
    }
    Path more = checkpoint.resolve("additional_chat_templates");
    if (Files.isDirectory(more)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(more, "*.jinja")) {
        for (Path file : files) {
          String name = String.valueOf(file.getFileName());
          sources.put(name.substring(0, name.length() - ".jinja".length()), text(file));
        }
      }
    }
    return sources;
  }

  /** A text, or a list of objects with a name and a template. */
  private static Map<String, String> configured(JsonNode value, Path checkpoint) {
    Map<String, String> sources = new LinkedHashMap<>();
    if (value.isString()) {
      sources.put(DEFAULT, value.stringValue());
    }
    for (JsonNode entry : value.isArray() ? value : JSON.createArrayNode()) {
      if (!entry.path("name").isString() || !entry.path("template").isString()) {
        throw TemplateException.failed(
            "%s: %s has an entry without name or template", checkpoint, KEY);
      }
      sources.put(entry.path("name").stringValue(), entry.path("template").stringValue());
    }
    return sources;
  }

  /** A token is a text, or an object with its content. */
  private static void addTokens(JsonNode config, Map<String, String> tokens) {
    for (Map.Entry<String, JsonNode> field : config.properties()) {
      JsonNode value = field.getValue();
      JsonNode content = value.isObject() ? value.path("content") : value;
      if (field.getKey().endsWith("_token") && content.isString()) {
        tokens.put(field.getKey(), content.stringValue());
      } else if (field.getKey().equals(EXTRA) && value.isObject()) {
        value
            .properties()
            .forEach(
                extra -> {
                  JsonNode token = extra.getValue();
                  JsonNode text = token.isObject() ? token.path("content") : token;
                  if (text.isString()) {
                    tokens.put(extra.getKey(), text.stringValue());
                  }
                });
      }
    }
  }

  private static JsonNode json(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return JSON.createObjectNode();
    }
    try {
      return JSON.readTree(text(file));
    } catch (JacksonException e) {
      throw new IOException("%s: expected JSON: %s".formatted(file, e.getOriginalMessage()), e);
    }
  }

  private static String text(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MOST_BYTES) {
      throw new IOException("%s: %d bytes: expected at most %d".formatted(file, size, MOST_BYTES));
    }
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
