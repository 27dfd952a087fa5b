package dev.freshet.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * A Hugging Face tokenizer read from a {@code tokenizer.json}: the same ids as transformers gives.
 * Never truncates, never pads, never reaches the network. Thread-safe until closed; the owner
 * closes it when no caller is left. Errors are {@link TokenizerException}.
 */
public final class Tokenizer implements AutoCloseable {
  private static final String FILE = "tokenizer.json";

  static {
    // The library would otherwise fetch a native build for a GPU it finds, and call home.
    System.setProperty("ai.djl.offline", "true");
  }

  private final HuggingFaceTokenizer library;
  private final Vocabulary vocabulary;
  private final int vocabSize;
  private final String source;

  private Tokenizer(HuggingFaceTokenizer library, Vocabulary vocabulary, String source) {
    this.library = library;
    this.vocabulary = vocabulary;
    this.vocabSize = vocabulary.size();
    this.source = source;
  }

  /** Reads {@code tokenizer.json} from a directory, or the file itself. */
  public static Tokenizer load(Path dirOrFile) {
    Path file = Files.isDirectory(dirOrFile) ? dirOrFile.resolve(FILE) : dirOrFile;
    if (!Files.isRegularFile(file)) {
      throw new TokenizerException(
          "tokenizer %s: no such file: expected a Hugging Face tokenizer.json".formatted(file));
    }
    try {
      return parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new TokenizerException(
          "tokenizer %s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /**
   * Reads the content of a {@code tokenizer.json}.
   *
   * @param source what messages call it
   */
  public static Tokenizer parse(byte[] json, String source) {
    try {
      Vocabulary vocabulary = Vocabulary.parse(new String(json, StandardCharsets.UTF_8), source);
      HuggingFaceTokenizer library =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(json), Map.of("truncation", "false", "padding", "false"));
      return new Tokenizer(library, vocabulary, source);
    } catch (TokenizerException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new TokenizerException(
          "tokenizer %s: cannot be read: %s".formatted(source, e.getMessage()), e);
    }
  }

  /** The ids of {@code text} and whatever the post-processor puts around them. */
  public int[] encode(String text) {
    return encode(text, true);
  }

  /** The ids of {@code text} alone. A special token written out in the text is that token. */
  public int[] encodeOrdinary(String text) {
    return encode(text, false);
  }

  private int[] encode(String text, boolean addSpecial) {
    try {
      long[] ids = library.encode(wellFormed(text), addSpecial, false).getIds();
      return LongStream.of(ids).mapToInt(Math::toIntExact).toArray();
    } catch (RuntimeException e) {
      throw new TokenizerException(
          "tokenizer %s: text cannot be encoded: %s".formatted(source, reason(text, e)), e);
    }
  }

  /** A vocabulary of words without an unknown token fails without saying at what. */
  private String reason(String text, RuntimeException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("Missing [UNK]")
        ? text.codePoints()
            .mapToObj(Character::toString)
            .filter(c -> vocabulary.idOf(c).isEmpty())
            .findFirst()
            .map("character '%s' is not in the vocabulary"::formatted)
            .orElse(message)
        : message;
  }

  /** The text with every surrogate that has no partner replaced by U+FFFD: UTF-8 has none. */
  private static String wellFormed(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
  }

  /** The text of {@code ids}; ids outside the vocabulary are passed over. */
  public String decode(int[] ids, boolean skipSpecial) {
    return library.decode(java.util.Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
  }

  /** One more than the highest id that a token has. */
  public int vocabSize() {
    return vocabSize;
  }

  /** The id of exactly this token (as the vocabulary writes it). */
  public OptionalInt idOf(String token) {
    return vocabulary.idOf(token);
  }

  /** The token of {@code id} as the vocabulary writes it, not as text. */
  public String tokenOf(int id) {
    String token = vocabulary.tokens().get(id);
    if (token == null) {
      throw new TokenizerException(
          "tokenizer %s: no token has id %d: expected 0 to %d"
              .formatted(source, id, vocabSize - 1));
    }
    return token;
  }

  /** Whether {@code id} is a special token: one that {@code skipSpecial} leaves out of a text. */
  public boolean isSpecial(int id) {
    return vocabulary.special().contains(id);
  }

  Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void close() {
    library.close();
  }
}
