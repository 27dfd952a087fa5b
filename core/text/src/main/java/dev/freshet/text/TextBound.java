package dev.freshet.text;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * How many bytes of text a number of tokens can stand for, as a {@code tokenizer.json} implies it.
 * The bound is the longest token in UTF-8, times the factor by which the normalizer can shrink a
 * text. A tokenizer that may drop characters, such as one that strips spaces or replaces a whole
 * unknown word by one token, has no bound. A step that is not known here counts as one that drops.
 *
 * @param bytesPerToken the most bytes of text that one token stands for; empty if there is no bound
 */
record TextBound(OptionalLong bytesPerToken) {
  /**
   * The factor of a Unicode normal form and of lower case: a code point of at most four bytes
   * becomes at least one byte, and no canonical composition saves more.
   */
  private static final int UNICODE = 4;

  /** The longest character in UTF-8, which a token for one unknown character stands for. */
  private static final int CHARACTER = 4;

  /** The factor of a step that may drop characters. */
  private static final int DROPS = 0;

  private static final Set<String> SPLITTERS =
      Set.of("ByteLevel", "Metaspace", "Digits", "UnicodeScripts");

  private static final TextBound NONE = new TextBound(OptionalLong.empty());

  /**
   * @param root the content of the {@code tokenizer.json}
   * @param ids token to id, including added tokens
   */
  static TextBound of(JsonNode root, Map<String, Integer> ids) {
    List<JsonNode> normalizers = TokenizerSteps.of(root.path("normalizer"));
    List<JsonNode> preTokenizers = TokenizerSteps.of(root.path("pre_tokenizer"));
    boolean byteLevel =
        Stream.concat(normalizers.stream(), preTokenizers.stream())
            .anyMatch(step -> TokenizerSteps.type(step).equals("ByteLevel"));
    OptionalInt shrink = shrink(normalizers);
    if (shrink.isEmpty()
        || !preTokenizers.stream().allMatch(TextBound::splitsOnly)
        || stripsAround(root.path("added_tokens"))
        || !keepsUnknown(root.path("model"), ids, byteLevel)) {
      return NONE;
    }
    long longest = CHARACTER;
    for (String token : ids.keySet()) {
      longest = Math.max(longest, bytes(token, byteLevel));
    }
    for (JsonNode added : root.path("added_tokens")) {
      longest = Math.max(longest, utf8(added.path("content").asString()));
    }
    return new TextBound(OptionalLong.of(longest * shrink.getAsInt()));
  }

  /** The most bytes of a text of {@code tokens} tokens; empty if there is no bound. */
  OptionalLong bytes(int tokens) {
    return bytesPerToken.isEmpty()
        ? bytesPerToken
        : OptionalLong.of(bytesPerToken.getAsLong() * tokens);
  }

  private static int bytes(String token, boolean byteLevel) {
    return byteLevel ? ByteAlphabet.bytes(token).length : utf8(token);
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** The factor by which a normalizer can shrink a text; empty if it may drop characters. */
  private static OptionalInt shrink(List<JsonNode> steps) {
    int product = 1;
    for (JsonNode step : steps) {
      int factor =
          switch (TokenizerSteps.type(step)) {
            case "Prepend", "ByteLevel" -> 1;
            case "NFC", "NFD", "NFKC", "NFKD", "Lowercase" -> UNICODE;
            case "Replace" -> replaced(step);
            default -> DROPS;
          };
      if (factor == DROPS) {
        return OptionalInt.empty();
      }
      product *= factor;
    }
    return OptionalInt.of(product);
  }

  private static int replaced(JsonNode step) {
    int from = utf8(step.path("pattern").path("String").asString(""));
    int to = utf8(step.path("content").asString(""));
    return from == 0 || to == 0 ? DROPS : Math.ceilDiv(from, to);
  }

  /** Whether a pre-tokenizer keeps every character. */
  private static boolean splitsOnly(JsonNode step) {
    String type = TokenizerSteps.type(step);
    return switch (type) {
      case "Split", "Punctuation" -> !step.path("behavior").asString("").equals("Removed");
      default -> SPLITTERS.contains(type);
    };
  }

  /** Whether an added token takes the spaces around it. */
  private static boolean stripsAround(JsonNode addedTokens) {
    for (JsonNode added : addedTokens) {
      if (added.path("lstrip").asBoolean(false) || added.path("rstrip").asBoolean(false)) {
        return true;
      }
    }
    return false;
  }

  /** Whether unknown characters are an error or become tokens that stand for one of them each. */
  private static boolean keepsUnknown(JsonNode model, Map<String, Integer> ids, boolean byteLevel) {
    String unknown = model.path("unk_token").asString("");
    boolean bytes = model.path("byte_fallback").asBoolean(false) && hasBytes(ids);
    return switch (TokenizerSteps.type(model)) {
      case "BPE" ->
          bytes
              || (byteLevel && ids.keySet().containsAll(ByteAlphabet.characters()))
              || (!unknown.isEmpty() && !model.path("fuse_unk").asBoolean(false));
      case "Unigram" -> bytes;
      case "WordLevel" -> !ids.containsKey(unknown);
      default -> false;
    };
  }

  private static boolean hasBytes(Map<String, Integer> ids) {
    return IntStream.range(0, 256).allMatch(b -> ids.containsKey("<0x%02X>".formatted(b)));
  }
}
