package dev.freshet.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.ObjectMapper;

/**
 * A tokenizer as a GGUF file stores it, in the keys {@code tokenizer.ggml.*}: a table of tokens
 * with their types, and merges or scores. {@link #files} turns it into the files of a Hugging Face
 * tokenizer with the same ids. Two models are supported: {@code gpt2}, byte-level BPE, and {@code
 * llama}, SentencePiece's BPE with byte fallback.
 *
 * @param model the value of {@code tokenizer.ggml.model}
 * @param pre the value of {@code tokenizer.ggml.pre}: how a text is split before BPE
 * @param tokens the tokens by id
 * @param types their types as in ggml; if there are none, all are normal
 * @param merges the merges in order, each two tokens with a space between them
 * @param scores their scores, for SentencePiece
 * @param addBos whether {@code bos} is put before a text
 * @param addEos whether {@code eos} is put after a text
 * @param addSpacePrefix whether a space is put before a text
 * @param chatTemplate a template in Jinja
 */
public record TokenTable(
    String model,
    String pre,
    List<String> tokens,
    List<Double> types,
    List<String> merges,
    List<Double> scores,
    OptionalInt bos,
    OptionalInt eos,
    OptionalInt unknown,
    OptionalInt padding,
    Optional<Boolean> addBos,
    Optional<Boolean> addEos,
    Optional<Boolean> addSpacePrefix,
    Optional<String> chatTemplate) {
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;

  public TokenTable {
    tokens = List.copyOf(tokens);
    types = List.copyOf(types);
    merges = List.copyOf(merges);
    scores = List.copyOf(scores);
    if (tokens.isEmpty()) {
      throw new TokenizerException(
          "tokenizer.ggml.tokens is missing or empty: expected the tokens of the model");
    }
    sameLength("token_type", types, tokens);
    sameLength("scores", scores, tokens);
  }

  private static void sameLength(String key, List<Double> list, List<String> tokens) {
    if (!list.isEmpty() && list.size() != tokens.size()) {
      throw new TokenizerException(
          "tokenizer.ggml.%s has %d entries, expected %d as there are tokens"
              .formatted(key, list.size(), tokens.size()));
    }
  }

  /**
   * The files of the tokenizer by name: {@code tokenizer.json}, {@code tokenizer_config.json} and,
   * if there is a template, {@code chat_template.jinja}.
   *
   * @throws TokenizerException if the table is of a kind that is not supported or contradicts
   *     itself
   */
  public Map<String, byte[]> files() {
    Map<String, Object> tokenizer =
        switch (model) {
          case "gpt2" -> ByteLevelTokenizer.json(this);
          case "llama" -> SentencePieceTokenizer.json(this);
          default ->
              throw new TokenizerException(
                  "tokenizer.ggml.model %s is not supported: expected gpt2 (byte-level BPE) or llama (SentencePiece)"
                      .formatted(name(model)));
        };
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("tokenizer.json", new ObjectMapper().writeValueAsBytes(tokenizer));
    files.put(
        "tokenizer_config.json",
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(config()));
    chatTemplate.ifPresent(
        template -> files.put("chat_template.jinja", template.getBytes(StandardCharsets.UTF_8)));
    return files;
  }

  /** A value of a key as a message shows it; the file may hold any text. */
  static String name(String value) {
    return value.matches("[\\w .-]{0,64}")
        ? "'" + value + "'"
        : "of %d characters".formatted(value.length());
  }

  private Map<String, Object> config() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    bos.ifPresent(id -> config.put("bos_token", token("bos_token_id", id)));
    eos.ifPresent(id -> config.put("eos_token", token("eos_token_id", id)));
    unknown.ifPresent(id -> config.put("unk_token", token("unknown_token_id", id)));
    padding.ifPresent(id -> config.put("pad_token", token("padding_token_id", id)));
    config.put("clean_up_tokenization_spaces", false);
    return config;
  }

  /** The token with an id that a key of the file names. */
  String token(String key, int id) {
    if (id < 0 || id >= tokens.size()) {
      throw new TokenizerException(
          "tokenizer.ggml.%s is %d, expected an id below %d".formatted(key, id, tokens.size()));
    }
    return tokens.get(id);
  }

  /** Id by token, without those that are marked as unused, in the order of the ids. */
  Map<String, Integer> vocabulary() {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (int id = 0; id < tokens.size(); id++) {
      if (type(id) == UNUSED) {
        continue;
      }
      Integer other = ids.put(tokens.get(id), id);
      if (other != null) {
        throw new TokenizerException(
            "tokenizer.ggml.tokens has one token as %d and as %d, expected each once"
                .formatted(other, id));
      }
    }
    return ids;
  }

  /**
   * The tokens that are found in a text before it is split: control tokens, which are special, and
   * those that the model's author added.
   */
  List<Map<String, Object>> addedTokens() {
    List<Map<String, Object>> added = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      int type = type(id);
      if (type == CONTROL || type == USER_DEFINED || (type == UNKNOWN && model.equals("llama"))) {
        added.add(Fields.addedToken(id, tokens.get(id), type != USER_DEFINED));
      }
    }
    return added;
  }

  private int type(int id) {
    return types.isEmpty() ? 1 : types.get(id).intValue();
  }

  /** The step that puts the first and the last token around a text; empty if there is neither. */
  Optional<Map<String, Object>> around(boolean bosByDefault) {
    Map<String, Integer> before =
        addBos.orElse(bosByDefault && bos.isPresent()) ? end("bos", bos) : Map.of();
    Map<String, Integer> after = addEos.orElse(false) ? end("eos", eos) : Map.of();
    if (before.isEmpty() && after.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> special = new LinkedHashMap<>();
    for (Map<String, Integer> end : List.of(before, after)) {
      end.forEach(
          (token, id) ->
              special.put(
                  token, Fields.of("id", token, "ids", List.of(id), "tokens", List.of(token))));
    }
    List<Object> single = new ArrayList<>(template(before.keySet(), after.keySet(), "A", 0));
    List<Object> pair = new ArrayList<>(single);
    pair.addAll(template(before.keySet(), after.keySet(), "B", 1));
    return Optional.of(
        Fields.of(
            "type", "TemplateProcessing",
            "single", single,
            "pair", pair,
            "special_tokens", special));
  }

  private static List<Object> template(
      Set<String> before, Set<String> after, String sequence, int type) {
    List<Object> parts = new ArrayList<>();
    before.forEach(
        token -> parts.add(Fields.of("SpecialToken", Fields.of("id", token, "type_id", type))));
    parts.add(Fields.of("Sequence", Fields.of("id", sequence, "type_id", type)));
    after.forEach(
        token -> parts.add(Fields.of("SpecialToken", Fields.of("id", token, "type_id", type))));
    return parts;
  }

  /** The token that begins or ends a text, with its id. */
  private Map<String, Integer> end(String name, OptionalInt id) {
    String key = name + "_token_id";
    if (id.isEmpty()) {
      throw new TokenizerException(
          "tokenizer.ggml.add_%s_token is true, but tokenizer.ggml.%s is missing"
              .formatted(name, key));
    }
    return Map.of(token(key, id.getAsInt()), id.getAsInt());
  }
}
